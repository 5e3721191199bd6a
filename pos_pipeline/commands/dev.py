"""`dev`: everything on one machine, until Ctrl-C."""

# ruff: noqa: PLC0415 - `--help` does without the core

import sys

import typer
from rich.console import Console

from pos_pipeline.commands._output import BEGIN, Json, show


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("dev", rich_help_panel=BEGIN)(dev)


def dev(*, as_json: Json = False) -> None:
    """Start everything on this machine: warehouse, Dagster UI, daemon, worker; simulated tills if none is set.

    Runs until Ctrl-C. With `--json` the addresses are printed first and all else goes to standard error.
    """
    from pos_pipeline.orchestration.dev import serve
    from pos_pipeline.settings import Settings, load_settings

    settings = load_settings(Settings)
    if as_json:
        address = f"http://127.0.0.1:{settings.dagster_port}"
        show(as_json, {"dagster": address, "home": str(settings.pos_home)})
        sys.stdout.flush()
    serve(settings, Console(stderr=as_json))
