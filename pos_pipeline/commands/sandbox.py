"""`sandbox`: simulated POS clouds with shops behind them, until Ctrl-C."""

# ruff: noqa: PLC0415 - `--help` does without the core

import sys
from pathlib import Path
from typing import Annotated

import typer

from pos_pipeline.commands._output import BEGIN, Json, show
from pos_pipeline.errors import InvalidRequest


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("sandbox", rich_help_panel=BEGIN)(sandbox)


def sandbox(
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="On loopback; SANDBOX_PORT if omitted.")] = None,
    home: Annotated[Path | None, typer.Option(help="What it remembers; POS_HOME/sandbox if omitted.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How long new shops have been selling; 90 if omitted.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start simulated POS clouds with shops that sell, for trying everything without an account.

    Runs until Ctrl-C. The variables printed first lead every other command to it.
    """
    from pos_pipeline.orchestration.simulated import sandbox_environment
    from pos_pipeline.sandbox.home import is_remembered
    from pos_pipeline.sandbox.serving import build_server, listen, open_sandbox
    from pos_pipeline.sandbox.shop.merchants import HIGH_STREET
    from pos_pipeline.settings import Settings, load_settings

    settings = load_settings(Settings)
    chosen = settings.sandbox_port if port is None else port
    folder = (home or settings.pos_home / "sandbox").resolve()
    clouds = open_sandbox(days=days, home=folder, merchants=None if is_remembered(folder) else HIGH_STREET)
    try:
        listener = listen(clouds, chosen)
    except OSError as error:
        raise InvalidRequest(f"sandbox: port {chosen} cannot be listened on ({error.strerror}).") from None
    variables = sandbox_environment(settings.model_copy(update={"sandbox_port": listener.getsockname()[1]}))
    exports = "\n".join(f"export {name}={value}" for name, value in variables.items())
    show(
        as_json,
        {"address": clouds.address, "environment": variables},
        f"Simulated clouds at {clouds.address}, until Ctrl-C. To use them elsewhere:",
        exports,
    )
    sys.stdout.flush()
    try:
        build_server(clouds).run(sockets=[listener])
    finally:
        listener.close()
        clouds.close()
