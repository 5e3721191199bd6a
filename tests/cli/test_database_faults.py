"""A wrong environment, an unreachable or an empty database: one clear line each."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]


def test_a_setting_that_does_not_parse_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable and what was expected, never its value."""
    monkeypatch.setenv("DEFAULT_SYNC_FREQUENCY_MINUTES", "s3cr3t")

    result = run("tenants", "list")

    assert result.exit_code == 1
    assert "error: settings: DEFAULT_SYNC_FREQUENCY_MINUTES: " in result.stderr
    assert "s3cr3t" not in result.output


def test_a_database_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary failure that names host and variable, without the password."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DATABASE_URL", f"postgresql://pos:s3cr3t@127.0.0.1:{unused.getsockname()[1]}/pos")
        result = run("status")

    assert result.exit_code == 3
    assert "DATABASE_URL" in result.stderr
    assert "does not answer" in result.stderr
    assert "s3cr3t" not in result.output


@pytest.mark.parametrize(
    "words", ["tenants list", "accounts list", "status", "events list", "events publish", "quarantine list"]
)
def test_an_empty_database_asks_for_an_upgrade(
    run: Run, monkeypatch: pytest.MonkeyPatch, empty_database_url: str, words: str
) -> None:
    """Nothing is made by the way; the one command that makes it is named."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    result = run(*words.split(), "--json")

    assert result.exit_code == 1
    assert result.stderr.endswith("what to do: Bring the database up to date: pos-pipeline db upgrade\n")
    assert json.loads(result.stdout)["error"]["type"] == "misconfigured"


def test_an_upgraded_database_is_ready(
    run: Run, run_json: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    """Upgrading makes it, says so, and changes nothing the second time."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert run("db", "status").exit_code == 1

    first, second = run_json("db", "upgrade"), run_json("db", "upgrade")

    assert (first["before"], second["before"]) == (None, first["after"])
    assert run_json("db", "status")["up_to_date"] is True
    assert run_json("tenants", "list") == []


def test_a_newer_database_asks_for_a_newer_program(run: Run, database: Any) -> None:
    """An old program never writes into a database it does not know."""
    with database.transaction() as connection:
        connection.execute("update public.pos_pipeline_version set version_num = '9999'")

    result = run("tenants", "list")

    assert result.exit_code == 1
    assert "Install the version of pos-pipeline that upgraded the database" in result.stderr


def test_a_server_of_your_own_is_never_stopped(run_json: Callable[..., Any]) -> None:
    """`db stop` is for the embedded server only."""
    assert run_json("db", "stop") == {"stopped": False}
