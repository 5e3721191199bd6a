"""The consumer in this process, until SIGTERM or SIGINT."""

import logging
import signal
import sys
import threading

import structlog

from pos_pipeline.consumer.listening import Consumer
from pos_pipeline.consumer.settings import ConsumerSettings
from pos_pipeline.services import Services


def serve(services: Services, settings: ConsumerSettings) -> None:
    """Listen; ends after the message in hand when a signal comes. To be called from the main thread.

    Raises:
        Misconfigured: the broker is not named, or what it has is not ours to use.
    """
    # pika writes its own account of every refused connection; ours says what to do.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    Consumer(services, settings).run(stop)
