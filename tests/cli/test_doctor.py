"""What the doctor finds, and what to do about it."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typer.testing import Result

from pos_pipeline.accounts.vault import Vault
from pos_pipeline.commands._checks import _clock
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
RunJson = Callable[..., Any]
KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment with nothing wrong: a POS that answers, credentials, a key."""

    class Cloud(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Cloud)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("SQUARE_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SQUARE_APP_ID", "app")
    monkeypatch.setenv("SQUARE_APP_SECRET", "secret")
    monkeypatch.setenv("POS_TOKEN_KEYS", KEY)
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def faults(report: dict[str, Any]) -> list[dict[str, str]]:
    return [finding for finding in report["findings"] if finding["state"] == "fault"]


@pytest.mark.usefixtures("healthy")
def test_a_healthy_installation_has_no_fault(run: Run, run_json: RunJson) -> None:
    """Every check is named with a mark; a missing broker only limits what works."""
    report = run_json("doctor")

    assert report["healthy"] is True
    assert faults(report) == []
    checks = {finding["check"] for finding in report["findings"]}
    assert {"settings", "disk", "warehouse", "migrations", "clock", "token keys", "dbt", "RabbitMQ", "square"} <= checks
    assert "✓ warehouse: Postgres" in run("doctor").stdout


@pytest.mark.usefixtures("healthy")
def test_a_wrong_token_key_is_found(
    run_json: RunJson, database: Database, bakery: dict[str, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored token that no key opens is a fault before the first sync fails on it."""
    binding = {"tenant_id": bakery["tenant"], "connection_id": bakery["connection"]}
    sealed = Vault([SecretStr(KEY)]).seal("EAAA-token", **binding)
    with database.transaction() as connection:
        connection.execute("update pos.connections set access_token = %s", (sealed,))
    assert run_json("doctor")["healthy"] is True

    monkeypatch.setenv("POS_TOKEN_KEYS", OTHER_KEY)

    [fault] = faults(run_json("doctor", exit_code=1))
    assert fault["check"] == "token keys"
    assert fault["action"] == "Put the key that sealed the tokens back into POS_TOKEN_KEYS."


@pytest.mark.usefixtures("healthy")
def test_a_database_that_is_not_set_up_is_one_fault(
    run_json: RunJson, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs the tables is not asked, so the one cause is the one fault."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    [fault] = faults(run_json("doctor", exit_code=1))
    assert fault["action"] == "Bring the database up to date: pos-pipeline db upgrade"


@pytest.mark.usefixtures("healthy")
def test_the_rest_is_examined_without_a_warehouse(run_json: RunJson, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is down does not hide that the broker is down too."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://pos:s3cr3t@127.0.0.1:9/pos")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://pos:s3cr3t@127.0.0.1:9/")

    report = run_json("doctor", exit_code=1)

    assert [fault["check"] for fault in faults(report)] == ["warehouse", "RabbitMQ"]
    assert "s3cr3t" not in str(report)


@pytest.mark.usefixtures("healthy")
def test_a_pos_that_cannot_be_reached_names_the_setting(run_json: RunJson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and variable, so that a wrong one is seen at once."""
    monkeypatch.setenv("SQUARE_BASE_URL", "http://127.0.0.1:9")

    [fault] = faults(run_json("doctor", exit_code=1))
    assert fault["detail"] == "http://127.0.0.1:9 cannot be reached (ConnectError)"
    assert "SQUARE_BASE_URL" in fault["action"]


@pytest.mark.usefixtures("healthy")
def test_a_pos_nobody_uses_is_not_asked(run_json: RunJson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without our application and without a linked till nothing depends on it."""
    monkeypatch.delenv("SQUARE_APP_ID")
    monkeypatch.delenv("SQUARE_APP_SECRET")
    monkeypatch.setenv("SQUARE_BASE_URL", "http://127.0.0.1:9")

    [finding] = [finding for finding in run_json("doctor")["findings"] if finding["check"] == "square"]
    assert finding["state"] == "warning"
    assert finding["detail"].startswith("not set: SQUARE_APP_ID, SQUARE_APP_SECRET")


@pytest.mark.usefixtures("healthy", "bakery")
def test_a_linked_pos_is_asked_without_an_application(run_json: RunJson, monkeypatch: pytest.MonkeyPatch) -> None:
    """A till linked by a personal token depends on the address, not on the application."""
    monkeypatch.delenv("SQUARE_APP_ID")
    monkeypatch.delenv("SQUARE_APP_SECRET")
    monkeypatch.setenv("SQUARE_BASE_URL", "http://127.0.0.1:9")

    [fault] = faults(run_json("doctor", exit_code=1))
    assert fault["detail"] == "http://127.0.0.1:9 cannot be reached (ConnectError)"


def test_a_wrong_setting_is_the_only_finding(run_json: RunJson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be examined with settings that do not parse."""
    monkeypatch.setenv("PORT", "eighty")

    [fault] = run_json("doctor", exit_code=1)["findings"]
    assert "PORT" in fault["detail"]


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (25, "ok"), (-25, "ok"), (60, "fault"), (-60, "fault")])
def test_a_clock_that_is_off_is_found(seconds: int, state: str) -> None:
    """Ahead or behind: past half a minute sync windows no longer mean what they say."""
    assert _clock("clock", "the POS", datetime.now(UTC) + timedelta(seconds=seconds)).state == state
