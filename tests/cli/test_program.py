"""What holds for every command."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from pos_pipeline import cli, errors
from pos_pipeline.commands._program import exit_code, explained

HEAVY = ("dagster", "dbt", "dlt", "psycopg", "pydantic", "sqlalchemy", "httpx", "pika", "duckdb", "polars", "pyarrow")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command below a group with its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


PROGRAM = typer.main.get_command(cli.build())
COMMANDS = dict(commands(PROGRAM))
DOCUMENTED = {
    "tenants": {"list", "create", "show"},
    "accounts": {"list", "show", "link", "disconnect", "enable", "disable"},
    "db": {"upgrade", "status", "url", "stop"},
    "events": {"list", "publish", "send-again"},
    "quarantine": {"list", "show"},
    "keys": {"rotate"},
}
TOP_LEVEL = {
    "demo",
    "dev",
    "sandbox",
    "sync",
    "backfill",
    "status",
    "reconcile",
    "doctor",
    "transform",
    "consume",
    "export",
    "query",
}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_itself_and_speaks_json(words: str) -> None:
    """Each has a sentence of help, `--json`, and a sentence for every option of its own."""
    command = COMMANDS[words]
    parameters = {parameter.name: parameter for parameter in command.params}

    assert command.help
    assert command.help.splitlines()[0].endswith((".", ":"))
    assert any("--json" in parameter.opts for parameter in parameters.values())
    assert all(getattr(parameter, "help", None) for parameter in parameters.values())


@pytest.mark.parametrize(("group", "names"), DOCUMENTED.items())
def test_documented_commands_are_there(group: str, names: set[str]) -> None:
    """What README and the customer's scripts call exists under that name."""
    assert names <= {words.removeprefix(f"{group} ") for words in COMMANDS if words.startswith(group)}


def test_documented_single_words_are_there() -> None:
    """The same for commands that belong to no group."""
    assert COMMANDS.keys() >= TOP_LEVEL


def test_help_does_without_the_core() -> None:
    """Help answers at once because no heavy package is imported for it."""
    code = "import sys; from pos_pipeline.cli import build; build(); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert {name.partition(".")[0] for name in answer.stdout.split()}.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRequest("no"), 2),
        (errors.NotFound("no"), 1),
        (errors.Misconfigured("no"), 1),
        (errors.ProviderUnavailable("no"), 3),
        (errors.Busy("no"), 3),
        (psycopg.OperationalError("server closed the connection"), 3),
        (psycopg.errors.UndefinedTable("relation does not exist"), 1),
        (KeyError("Ada Lovelace"), 1),
    ],
)
def test_exit_codes_say_what_the_caller_can_do(error: Exception, code: int) -> None:
    """1: somebody acts, 2: the command line is wrong, 3: try again."""
    assert exit_code(explained(error)) == code


def failing(error: Exception) -> typer.Typer:
    """The program with a command more, which fails."""
    app = cli.build()

    @app.command("fail")
    def fail() -> None:
        raise error

    return app


def test_an_error_is_two_lines_and_no_traceback() -> None:
    """What happened and what to do, on standard error; nothing on standard output."""
    result = CliRunner().invoke(failing(errors.Unauthorised("square: merchant M1 revoked us.")), ["fail"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error: square: merchant M1 revoked us.\n"
        "what to do: Link the till again: the merchant has to consent once more.\n"
    )


def test_an_unexpected_error_shows_only_its_type() -> None:
    """Its text may hold a customer's name; `--debug` shows it to the person who asks."""
    app = failing(KeyError("Ada Lovelace"))

    silent = CliRunner().invoke(app, ["fail"])
    loud = CliRunner().invoke(app, ["--debug", "fail"])

    assert silent.stderr.startswith("error: unexpected builtins.KeyError.\n")
    assert "Ada" not in silent.stderr
    assert "KeyError: 'Ada Lovelace'" in loud.stderr
    assert silent.exit_code == loud.exit_code == 1


def test_a_missing_table_asks_for_an_upgrade() -> None:
    """A database of an older version is a thing to upgrade, not a crash."""
    result = CliRunner().invoke(failing(psycopg.errors.UndefinedTable('relation "pos.x" does not exist')), ["fail"])

    assert result.stderr == (
        'error: warehouse: relation "pos.x" does not exist.\n'
        "what to do: Bring the database up to date: pos-pipeline db upgrade\n"
    )


def test_an_unknown_command_is_wrong_usage() -> None:
    """Exit code 2, as every mistake on the command line."""
    assert CliRunner().invoke(cli.build(), ["nope"]).exit_code == 2
