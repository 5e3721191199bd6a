"""`doctor`: looks at everything a sync needs and says what to do about what is wrong."""

# ruff: noqa: PLC0415 - `--help` does without the core

from dataclasses import asdict

import typer
from rich.console import Group
from rich.text import Text

from pos_pipeline.commands._output import WORK, Json, show, working

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "bold red")}


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("doctor", rich_help_panel=WORK)(doctor)


def doctor(*, as_json: Json = False) -> None:
    """Check settings, warehouse, keys, broker, POS clouds and clocks. Fails when something is wrong."""
    from pos_pipeline.commands._checks import Finding, examine
    from pos_pipeline.errors import PipelineError
    from pos_pipeline.settings import Settings, load_settings

    with working("Examining …"):
        try:
            findings = list(examine(load_settings(Settings)))
        except PipelineError as error:
            findings = [Finding("settings", "fault", str(error), error.action_required)]
    lines = []
    for finding in findings:
        mark, style = MARKS[finding.state]
        lines.append(Text.assemble((f"{mark} ", style), (f"{finding.check}: ", "bold"), finding.detail))
        if finding.action:
            lines.append(Text(f"    what to do: {finding.action}"))
    is_healthy = all(finding.state != "fault" for finding in findings)
    show(as_json, {"healthy": is_healthy, "findings": [asdict(finding) for finding in findings]}, Group(*lines))
    if not is_healthy:
        raise typer.Exit(1)
