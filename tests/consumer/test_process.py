"""The consumer as a process of its own."""

import os
import signal
import subprocess
import sys

from rig.post_office import Office

SECONDS = 60


def test_it_ends_when_told_to(office: Office, rabbitmq_url: str) -> None:
    """SIGTERM lets it finish; nothing is left in hand."""
    environment = os.environ | {
        "DATABASE_URL": office.database.url,
        "RABBITMQ_URL": rabbitmq_url,
        "POS_HOME": str(office.services.settings.pos_home),
        "POS_COMMANDS_QUEUE": office.queues.commands_queue,
        "POS_SALES_EXCHANGE": office.queues.sales_exchange,
        "POS_ORCHESTRATOR_EXCHANGE": office.queues.orchestrator_exchange,
    }
    office.trigger({"event_type": "orchestrator_daily_trigger", "timestamp": "2026-03-02T12:00:00Z"})
    process = subprocess.Popen(
        [sys.executable, "-m", "pos_pipeline.consumer"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        office.until(lambda: office.database.fetch("select from pos.messages"))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.kill()

    assert process.returncode == 0
    assert '"event": "listening"' in said
    assert (office.waiting(), office.dead()) == (0, [])


def test_without_a_broker_it_says_so(office: Office) -> None:
    """One line that names the setting, and a status that says failed."""
    environment = os.environ | {
        "DATABASE_URL": office.database.url,
        "POS_HOME": str(office.services.settings.pos_home),
        "RABBITMQ_URL": "",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pos_pipeline.consumer"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("consumer: RABBITMQ_URL is not set")
