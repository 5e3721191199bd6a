"""`db`: the warehouse itself."""

# ruff: noqa: PLC0415 - `--help` does without the core

import typer

from pos_pipeline.commands._output import SET_UP, Json, show, table, working
from pos_pipeline.commands._warehouse import database_version, opened, program_version

app = typer.Typer(help="The warehouse itself: its version, and the embedded server.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="db", rich_help_panel=SET_UP)


@app.command()
def upgrade(*, as_json: Json = False) -> None:
    """Bring the database to the shape this version needs. Safe to repeat."""
    from pos_pipeline.warehouse.migrate import upgrade as migrate

    with opened(migrated=False) as services, working("Upgrading the database …"):
        before = database_version(services.database)
        migrate(services.database, services.providers.values())
        after = database_version(services.database)
        place = services.database.place
    changed = f"from version {before} to {after}" if before else f"to version {after}"
    words = f"{place} is up to date (version {after})." if before == after else f"Upgraded {place} {changed}."
    show(as_json, {"database": place, "before": before, "after": after}, words)


@app.command()
def status(*, as_json: Json = False) -> None:
    """Say where the database is and whether it is up to date."""
    with opened(migrated=False) as services:
        found, needed = database_version(services.database), program_version()
        [(server, size)] = services.database.fetch(
            "select current_setting('server_version'), pg_database_size(current_database())"
        )
        data = {
            "database": services.database.place,
            "embedded": services.settings.database_url is None,
            "server_version": server,
            "size_bytes": size,
            "version": found,
            "needed": needed,
            "up_to_date": found == needed,
        }
    show(as_json, data, table("Database", ("", "value"), list(data.items())))
    if found != needed:
        raise typer.Exit(1)


@app.command()
def url(*, as_json: Json = False) -> None:
    """Print the embedded server's address, for psql and notebooks; DATABASE_URL is never shown."""
    with opened(migrated=False) as services:
        embedded = services.settings.database_url is None
        address = services.database.url if embedded else None
    show(
        as_json, {"url": address}, address or "DATABASE_URL names the warehouse; it may hold a password, so look there."
    )


@app.command()
def stop(*, as_json: Json = False) -> None:
    """Stop the embedded server; the next command starts it again. A server of your own is left alone."""
    from pos_pipeline.settings import Settings, load_settings
    from pos_pipeline.warehouse.embedded import stop_embedded

    settings = load_settings(Settings)
    stopped = stop_embedded(settings) if settings.database_url is None else False
    words = "Stopped the embedded server." if stopped else "No embedded server was running."
    if settings.database_url is not None:
        words = "DATABASE_URL names a server of your own; it is left alone."
    show(as_json, {"stopped": stopped}, words)
