"""A POS of somebody's own, outside this repository: a folder, models in a copy of the dbt project, a word.

`fourth/` holds a provider and its models. The test puts them where a user would, names the places in the
environment, and the assets, the command line, the raw tables and the marts have it.
"""

import importlib
import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from pos_pipeline import providers
from pos_pipeline.cli import build
from pos_pipeline.settings import PROJECT_ROOT, Settings
from pos_pipeline.warehouse.database import Database

FOURTH = Path(__file__).parent / "fourth"
KEY = "panes-k3y"
SHOPS = [{"location_id": "plaza", "name": "Plaza", "timezone": "Europe/Madrid", "currency": "EUR"}]
SALES = [
    {"id": "s1", "shop": "plaza", "product": "Hogaza", "total": 3.2, "currency": "EUR"},
    {"id": "s2", "shop": "plaza", "product": "Mollete", "total": 0.85, "currency": "EUR"},
]
WHEN = {"sold_at": "2026-09-18T09:30:00Z", "changed_at": "2026-09-18T09:30:00Z"}


@pytest.fixture
def cloud() -> Iterator[str]:
    """Mercado on loopback: two sales in one shop, for who has the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = SHOPS if self.path.startswith("/shops") else [{**sale, **WHEN} for sale in SALES]
            is_known = self.headers.get("authorization") == f"Bearer {KEY}"
            body = json.dumps(found if is_known else []).encode()
            self.send_response(200 if is_known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def installed(
    cloud: str, tmp_path: Path, empty_database_url: str, server: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The provider and its models where a user puts them, and an environment that names the places."""
    shutil.copytree(FOURTH / "mercado", tmp_path / "providers" / "mercado")
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(FOURTH / "models", project / "models", dirs_exist_ok=True)
    words = project / "dbt_project.yml"
    words.write_text(re.sub(r"(?m)^(  providers: \[.*)\]$", r"\1, mercado]", words.read_text()))
    dagster = server.create()
    environment = {
        "POS_HOME": str(tmp_path / "home"),
        "POS_PROVIDERS_PATH": str(tmp_path / "providers"),
        "POS_DBT_PROJECT": str(project),
        "DATABASE_URL": empty_database_url,
        "DAGSTER_PG_URL": server.url_of(dagster),
        "MERCADO_BASE_URL": cloud,
        "DAGSTER_HOME": "",
        "POS_BROKER_URL": "",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__])
    importlib.invalidate_caches()
    yield project
    sys.modules.pop("pos_pipeline.providers.mercado", None)
    server.drop(dagster)


@pytest.fixture
def run(installed: Path) -> Callable[..., Any]:  # noqa: ARG001 - the program reads the environment
    """`pos-pipeline … --json`, which has to succeed: the document it prints."""

    def invoke(*arguments: str, stdin: str | None = None) -> Any:
        result = CliRunner().invoke(build(), [*arguments, "--json"], input=stdin, prog_name="pos-pipeline")
        assert result.exit_code == 0, result.stderr + result.stdout
        return json.loads(result.stdout)

    return invoke


def test_a_fourth_pos_needs_a_folder_and_models(
    run: Callable[..., Any], installed: Path, empty_database_url: str
) -> None:
    """Linked, synced and modelled by the commands everybody uses; its sales are in the marts like any other's."""
    run("db", "upgrade")
    run("tenants", "create", "crumb")

    linked = run("accounts", "link", "mercado", "--tenant", "crumb", "--credentials", "-", stdin=f"{KEY}\n")
    synced = run("sync", "crumb")

    assert [account["location_name"] for account in linked["accounts"]] == ["Plaza"]
    assert [result["transactions_fetched"] for result in synced["results"]] == [2]
    database = Database(empty_database_url)
    facts = (
        "select pos_provider, location_name, business_date::text, total_amount from marts.fct_transactions order by 4"
    )
    lines = "select product_name, line_total from marts.fct_transaction_items order by line_total"
    assert database.fetch("select count(*) from raw_mercado.sales") == [(2,)]
    assert database.fetch(facts) == [
        ("mercado", "Plaza", "2026-09-18", Decimal("0.85")),
        ("mercado", "Plaza", "2026-09-18", Decimal("3.20")),
    ]
    assert database.fetch(lines) == [("Mollete", Decimal("0.85")), ("Hogaza", Decimal("3.20"))]
    database.close()
    findings = {finding["check"]: finding["state"] for finding in run("doctor")["findings"]}
    assert (findings["mercado"], findings["dbt"]) == ("ok", "ok")
    assert_assets(installed)


def assert_assets(project: Path) -> None:
    """Dagster shows the stream, its history and its sync, upstream of the marts."""
    from pos_pipeline.definitions import build_definitions  # noqa: PLC0415 - importable once the manifest is there
    from pos_pipeline.services import open_services  # noqa: PLC0415 - heavy

    settings = Settings()
    assert settings.dbt_project_dir == project
    with open_services(settings) as services:
        definitions = build_definitions(services)
    graph = definitions.resolve_asset_graph()
    upstream = dg.AssetSelection.assets(["marts", "fct_transactions"]).upstream().resolve(graph)
    assert dg.AssetKey(["mercado", "mercado_sales"]) in upstream
    assert definitions.resolve_job_def("mercado_sync").description
