"""`events`: what other services are told."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import Annotated

import typer

from pos_pipeline.commands._output import INSPECT, Json, ago, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened

FIELDS = (
    "event_id",
    "sequence",
    "tenant",
    "routing_key",
    "created_at",
    "published_at",
    "attempts",
    "last_error",
    "load_id",
    "payload",
)
SELECT = """
select
    o.id,
    o.sequence,
    t.slug,
    o.routing_key,
    o.created_at,
    o.published_at,
    o.attempts,
    o.last_error,
    o.load_id,
    o.payload
from pos.outbox as o
inner join pos.tenants as t on o.tenant_id = t.id
where %(all)s or o.published_at is null
order by o.sequence desc
limit %(limit)s
"""

app = typer.Typer(help="What other services are told over RabbitMQ.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="events", rich_help_panel=INSPECT)


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also events that are already published.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Show events that wait in the outbox."""
    from pos_pipeline.events.outbox import depth

    with opened() as services:
        rows = services.database.fetch(SELECT, {"all": everything, "limit": limit})
        waiting = depth(services.database)
        broker = services.settings.rabbitmq_url is not None
    events = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    people = table(
        "Events",
        ("sequence", "tenant", "routing key", "written", "state", "event"),
        [
            (
                e["sequence"],
                e["tenant"],
                e["routing_key"],
                ago(e["created_at"]),
                "published" if e["published_at"] else e["last_error"] or "waiting",
                e["event_id"],
            )
            for e in events
        ],
        right=("sequence",),
    )
    summary = f"{waiting.ready} ready, {waiting.held} held until their load is in the marts."
    if not broker:
        summary += " RABBITMQ_URL is not set, so nothing is sent."
    show(
        as_json,
        {"ready": waiting.ready, "held": waiting.held, "events": events},
        people if events else "No events.",
        summary,
    )


@app.command("send-again")
def send_again(
    tenant: Annotated[str, typer.Argument(help="Whose transactions.")],
    *,
    as_json: Json = False,
) -> None:
    """Deliver once more what the sales service has lost or refused; recorded transactions stay as they are."""
    from pos_pipeline.events import deliveries

    with opened() as services:
        count = deliveries.send_again(services.database, find_tenant(services.database, tenant).id)
    words = f"{count} transactions wait to be delivered again; the next run of marts or publish sends them."
    show(as_json, {"transactions": count}, words)


@app.command()
def publish(
    *,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """Send what is ready to RabbitMQ, new and changed transactions too."""
    from pos_pipeline.events.deliveries import deliver
    from pos_pipeline.events.rabbitmq import publish_pending

    with opened() as services:
        deliver(services)
        result = publish_pending(services, limit=limit)
    data = {
        "published": result.published,
        "held": result.held,
        "failed": result.failed,
        "broker": result.broker,
        "note": result.note,
    }
    show(as_json, data, result.note)
    if result.failed:
        raise typer.Exit(1)
