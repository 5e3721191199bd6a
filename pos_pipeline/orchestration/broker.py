"""What carries a run from Dagster's daemon to a worker, and how Celery is set up on both sides.

RabbitMQ where there is one (RABBITMQ_URL). Without it the same Celery worker polls a table beside
Dagster's own (kombu's SQLAlchemy transport): a little slower to notice, otherwise the same. Either
way a message is only the wish to execute a run: the run's truth is in Dagster's storage, its
life in its lease, so there is no Celery result backend.
"""

from typing import Any

from celery import Celery
from dagster_celery.make_app import make_app

QUEUE = "dagster"
TABLE_TRANSPORT = "pos_pipeline.orchestration.table_transport:Transport"
MAX_RUNS_PER_PROCESS = 500
"""A worker process is replaced after so many runs, so that a leak in a driver stays small."""


def broker_url(rabbitmq_url: str | None, dagster_url: str) -> str:
    """Celery's broker: RabbitMQ, or a table in Dagster's database."""
    return rabbitmq_url or f"sqla+{dagster_url}"


def celery_settings(url: str) -> dict[str, Any]:
    """Celery's settings for a broker, the same for who sends and who executes.

    A message is acknowledged after its run: a worker that dies gives it back, and the run is
    executed if it had not begun or recognised as a duplicate if it had.
    """
    settings: dict[str, Any] = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_default_queue": QUEUE,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": MAX_RUNS_PER_PROCESS,
        "worker_enable_remote_control": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
    }
    if url.startswith("sqla+"):
        settings["broker_transport"] = TABLE_TRANSPORT
        settings["broker_transport_options"] = {"pool_pre_ping": True}
    return settings


def celery_app(url: str) -> Celery:
    """The Celery application of a broker, with Dagster's queue declared."""
    arguments = {"broker": url, "task_default_queue": QUEUE, "config_source": celery_settings(url)}
    return make_app(arguments)  # type: ignore[no-untyped-call]
