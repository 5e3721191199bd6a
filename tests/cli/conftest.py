"""The program over a test's own database, and a bakery with two linked shops."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from pos_pipeline.cli import build
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def dagster_database(server: Any) -> Iterator[str]:
    """URL of one database for Dagster's storage: its tables take a second to make, so tests share it."""
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def run(database_url: str, dagster_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`pos-pipeline` with these arguments; exit code, standard output and standard error."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_PG_URL", dagster_database)
    monkeypatch.setenv("POS_HOME", str(tmp_path / "home"))
    # What a command exports for Dagster ends with the test, because monkeypatch has seen these names.
    for name in ("DAGSTER_HOME", "POS_BROKER_URL"):
        monkeypatch.setenv(name, "")

    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(build(), list(arguments), input=stdin, prog_name="pos-pipeline")

    yield invoke
    structlog.reset_defaults()


@pytest.fixture
def run_json(run: Run) -> Callable[..., Any]:
    """The document a successful command with `--json` prints; everything else on standard output is a fault."""

    def invoke(*arguments: str, exit_code: int = 0) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == exit_code, result.stderr
        return json.loads(result.stdout)

    return invoke


@pytest.fixture
def bakery(database: Database) -> dict[str, uuid.UUID]:
    """Tenant `crumb` with one grant over the shops Market Hall and Old Town; ids by name."""
    ids = {name: uuid.uuid4() for name in ("tenant", "connection", "Market Hall", "Old Town")}
    with database.transaction() as connection:
        connection.execute("insert into pos.tenants (id, slug, name) values (%s, 'crumb', 'Crumb')", (ids["tenant"],))
        connection.execute(
            "insert into pos.connections (id, tenant_id, pos_provider, merchant_id) values (%s, %s, 'square', 'M1')",
            (ids["connection"], ids["tenant"]),
        )
        for number, shop in enumerate(("Market Hall", "Old Town")):
            connection.execute(
                """
                insert into pos.accounts
                    (id, tenant_id, connection_id, pos_provider, account_name, location_id, location_name, timezone,
                    currency)
                values (%s, %s, %s, 'square', 'Crumb', %s, %s, 'Europe/Madrid', 'EUR')
                """,
                (ids[shop], ids["tenant"], ids["connection"], f"L{number}", shop),
            )
    return ids
