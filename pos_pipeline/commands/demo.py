"""`demo`: the main job, from simulated tills to marts and events, proved to the cent."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import TYPE_CHECKING

import typer

from pos_pipeline.commands._output import BEGIN, Json, note, show

if TYPE_CHECKING:
    from pos_pipeline.commands._reconcile import DayLine

NEW_SALES = 60
HOURS_THAT_PASS = 6


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("demo", rich_help_panel=BEGIN)(demo)


def demo(*, as_json: Json = False) -> None:
    """Link simulated tills, import 90 days, sync a new day, model, publish, and compare with the tills.

    Needs nothing but this machine. Every import, sync and model is a Dagster run; `pos-pipeline dev`
    shows them afterwards. Running it again goes on from where the shops are. Fails if any figure differs.
    """
    from pos_pipeline.commands._demo import Story, simulated_tills
    from pos_pipeline.commands._runs import runner
    from pos_pipeline.commands._warehouse import opened
    from pos_pipeline.commands.reconcile import account_table
    from pos_pipeline.settings import Settings, load_settings
    from pos_pipeline.warehouse.migrate import upgrade

    settings = load_settings(Settings)
    with simulated_tills(settings) as address, opened(migrated=False) as services:
        upgrade(services.database, services.providers.values())
        with runner(services) as jobs:
            story = Story(services, jobs, address)
            story.link()
            story.import_history()
            story.sync("Read what else there is: catalog, customers, staff")
            story.model("Model sales, refunds and voids, and tell other services")
            story.let_time_pass(sales=NEW_SALES, hours=HOURS_THAT_PASS)
            story.sync("Sync: new sales, late edits, refunds")
            story.model("Model what changed")
            days = story.compare()
        outbox = story.events()
    differing = [line for line in days if not line.agrees]
    show(
        as_json,
        {
            "agrees": not differing,
            "shop_days": len(days),
            "difference": str(sum(abs(line.difference) for line in days)),
            "runs": len(jobs.runs),
            "events": outbox,
        },
        account_table(days),
        _verdict(days, differing),
        _next(settings.dagster_port, outbox),
    )
    if differing or not all(run.succeeded for run in jobs.runs):
        for run in jobs.runs:
            if not run.succeeded:
                note(f"{run.job}: {'; '.join(run.reasons) or 'failed'} (run {run.run_id})")
        raise typer.Exit(1)


def _verdict(days: "list[DayLine]", differing: "list[DayLine]") -> str:
    if differing:
        return f"{len(differing)} of {len(days)} shop-days differ: pos-pipeline reconcile --by-day"
    return f"Truth of the tills against the marts: {len(days)} shop-days, difference 0.00 on every one."


def _next(port: int, outbox: dict[str, int]) -> str:
    sent = f"{outbox['published']} published" if outbox["published"] else "no RABBITMQ_URL, so they wait in the outbox"
    return f"""
Where to look next
  make dev                                   the Dagster UI at http://127.0.0.1:{port} with the runs made here
  .venv/bin/pos-pipeline status              every till in words
  .venv/bin/pos-pipeline reconcile --by-day  the table above, day by day (while `make dev` runs the tills)
  .venv/bin/pos-pipeline events list         {outbox["written"]} events ({sent})
  .venv/bin/pos-pipeline db url              the warehouse; the marts are in schema marts"""
