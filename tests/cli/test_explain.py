"""`explain`: a figure's way back, on a terminal and as JSON."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment
from typer.testing import Result

from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
DAY = "2026-09-18"


@pytest.fixture
def sold(server: Any, built: str, dbt_settings: Settings, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[Shop]:
    """A shop whose marts have one order with its payment; the program works on them."""
    assert run  # its environment comes first
    name = server.create(built)
    database = Database(server.url_of(name))
    settings = Settings(pos_home=dbt_settings.pos_home, database_url=server.url_of(name))
    books = Books(Services(settings, database, load_providers(), open_vault(settings)))
    shop = books.open_shop()
    paid = payment("P", "O", 500, buyer_email_address="ada@example.com")
    books.model(shop, order("O", [line("a", 500)]), paid)
    monkeypatch.setenv("DATABASE_URL", server.url_of(name))
    yield shop
    database.close()
    server.drop(name)


def test_both_kinds_of_question(run: Run, run_json: Callable[..., Any], sold: Shop) -> None:
    """A transaction leads to raw rows, a daily figure to its transactions; amounts are never floats."""
    transaction = run_json("explain", "P", "--payload")
    shown = run("explain", "P", "--payload").stdout
    cell = run_json("explain", "fct_daily_volumes", "--shop", str(sold.account_id)[:8], "--date", DAY)
    people = run("explain", "fct_daily_volumes", "--shop", str(sold.account_id), "--date", DAY).stdout

    assert transaction["transactions"][0]["total_amount"] == "5.0000"
    assert {row["raw_table"] for row in transaction["versions"]} == {"raw_square.orders", "raw_square.payments"}
    assert "In the marts, as batch" in shown
    assert '"order_id": "O"' in shown
    assert "ada@example.com" not in shown + str(transaction)
    assert (cell["adds_up"], len(cell["transactions"])) == (True, 1)
    assert "Transactions: 1. Their sum is exactly what the mart says." in people


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fct_daily_volumes",), "--shop and --date"),
        (("fct_daily_volumes", "--shop", "abcd", "--date", DAY, "--payload"), "are of transactions"),
        (("O", "--date", DAY), "not of 'O'"),
    ],
)
def test_options_that_do_not_belong_together(run: Run, arguments: tuple[str, ...], words: str) -> None:
    """The line is wrong, says which option, and nothing is looked up."""
    result = run("explain", *arguments)

    assert result.exit_code == 2
    assert words in result.stderr


def test_before_there_are_marts(run: Run, database: Database) -> None:
    """A new warehouse says what comes first."""
    assert database
    result = run("explain", "O")

    assert result.exit_code == 1
    assert "no marts yet" in result.stderr
    assert "pos-pipeline transform" in result.stderr
