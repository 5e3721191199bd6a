"""What assets and sensors are given: the services of this process.

Opened at first use, because definitions are imported where no database is; once per process, because a
worker executes many runs; and never across a fork, because connections do not survive one.
"""

import logging
import os
from functools import cache

import dagster as dg
import structlog

from pos_pipeline.services import Services, open_services

SERVICES = "services"


@dg.resource(description="Settings, warehouse, providers and vault of this process.")
def process_services(_: dg.InitResourceContext) -> Services:
    """A plain core object: assets ask for `services: dg.ResourceParam[Services]`."""
    return _services_of(os.getpid())


@cache
def _services_of(_process_id: int) -> Services:
    # A line per request, which is what structlog does unless told, buries a run's own log and costs its time.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    return open_services()
