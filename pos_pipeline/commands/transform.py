"""`transform`: raw rows become marts, now."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pos_pipeline.commands._output import WORK, Json, note, show, table, working
from pos_pipeline.commands._program import exit_code
from pos_pipeline.commands._warehouse import opened
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.services import Services
    from pos_pipeline.transform import TransformResult


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("transform", rich_help_panel=WORK)(transform)


def transform(
    *,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build every model again from all raw rows.")
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--replay", metavar="MODEL", help="Let this model, and what is made from it, read all rows again."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Model every load that has come, then send events. With a rebuild, do only that.

    The ordinary way is the Dagster job `marts`. A rebuild works on dbt directly and leaves no run.
    """
    if full_refresh and models:
        raise InvalidRequest("transform: --full-refresh builds everything, so --replay adds nothing; give one of them.")
    with opened() as services:
        if full_refresh or models:
            with working("Building the models again …"):
                _show_rebuild(_rebuild(services, models), as_json=as_json)
        else:
            _model(services, as_json=as_json)


def _model(services: "Services", *, as_json: bool) -> None:
    from pos_pipeline.commands._runs import describe, exit_code_of, runner, troubles

    with runner(services) as jobs, working("Modelling …"):
        run = jobs.model_and_publish()
    for line in troubles(jobs.runs, []):
        note(line)
    code = exit_code_of(jobs.runs, [])
    words = "Nothing waited to be modelled." if run is None else f"Run {run.run_id} has modelled what waited."
    show(
        as_json, {"runs": describe(jobs.runs), "models": [], "succeeded": code == 0}, words if code == 0 else "Failed."
    )
    if code:
        raise typer.Exit(code)


def _rebuild(services: "Services", models: list[str] | None) -> "TransformResult":
    from pos_pipeline.transform import replay, run_transform

    return replay(services, models) if models else run_transform(services, full_refresh=True)


def _show_rebuild(result: "TransformResult", *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"model": run.name, "status": run.status, "rows": run.rows, "seconds": run.seconds} for run in result.models
    ]
    people = table(
        "Models",
        ("model", "result", "rows", "seconds"),
        [(row["model"], row["status"], row["rows"], f"{row['seconds']:.1f}") for row in rows],
        right=("rows", "seconds"),
    )
    show(as_json, {"runs": [], "models": rows, "succeeded": result.succeeded}, people)
    if result.error is not None:
        note(str(result.error))
        raise typer.Exit(exit_code(result.error))
