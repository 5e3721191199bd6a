"""What the clock starts. Live syncs are not here: accounts have their own frequency."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

CRON = {
    "sweep": "20 1 * * *",
    "tokens": "5 * * * *",
    "webhooks": "10,40 * * * *",
    "maintenance": "40 3 * * *",
    "checks": "*/15 * * * *",
    "data_tests": "50 * * * *",
    "exports": "25 * * * *",
}


def build_schedules(jobs: Mapping[str, Any]) -> list[dg.ScheduleDefinition]:
    """One schedule per line of `CRON`, UTC, running from the first start."""
    return [
        dg.ScheduleDefinition(
            name=f"{name}_schedule",
            job=jobs[name],
            cron_schedule=cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"{jobs[name].description} {cron} UTC.",
        )
        for name, cron in CRON.items()
    ]
