"""`consume`: what other services ask for over RabbitMQ."""

# ruff: noqa: PLC0415 - `--help` does without the core

import sys

import typer

from pos_pipeline.commands._output import BEGIN, Json, show
from pos_pipeline.commands._warehouse import opened


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("consume", rich_help_panel=BEGIN)(consume)


def consume(*, as_json: Json = False) -> None:
    """Listen to sales and the orchestrator until Ctrl-C: re-reads, daily triggers, acknowledgements."""
    from pos_pipeline.consumer.serving import serve
    from pos_pipeline.consumer.settings import ConsumerSettings
    from pos_pipeline.settings import load_settings

    settings = load_settings(ConsumerSettings)
    with opened() as services:
        words = f"Listening to queue {settings.commands_queue}, a line of JSON for each message. Until Ctrl-C."
        show(as_json, {"queue": settings.commands_queue, "dead_letters": settings.dead_queue}, words)
        sys.stdout.flush()
        serve(services, settings)
