"""Questions to the files: tables, documents, and refusals that say what to do."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest
from typer.testing import CliRunner, Result

from pos_pipeline.cli import build
from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.exports import ask
from pos_pipeline.exports.mark import Mark, write_mark
from pos_pipeline.exports.parquet import FILE_NAME
from pos_pipeline.exports.run import partition_file

Run = Callable[..., Result]

OURS, THEIRS = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
COLUMNS = {"business_date": "date", "product_name": "text", "net_amount": "numeric(19,4)"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tenants' sales of bread, as an export leaves them."""
    mart = tmp_path / "it's here" / "fct_daily_product_sales"
    for tenant, amount in ((OURS, "2.50"), (THEIRS, "9.99")):
        path = partition_file(mart, tenant, "2026-09")
        path.parent.mkdir(parents=True)
        duckdb.sql(
            "select date '2026-09-18' as business_date, 'Bread, [b]white[/b]' as product_name,"
            f" {amount}::decimal(19, 4) as net_amount"
        ).write_parquet(str(path))
    write_mark(mart, Mark("2026", 1, None, COLUMNS))
    return mart.parent


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`pos-pipeline query` over those files; there is no warehouse."""
    monkeypatch.setenv("POS_EXPORTS_DIR", str(folder))
    return lambda *arguments: CliRunner().invoke(build(), ["query", *arguments], prog_name="pos-pipeline")


def rows(folder: Path, question: str, tenant: Any = None) -> list[tuple[Any, ...]]:
    """All rows of an answer."""
    with ask(folder, question, tenant) as answer:
        return list(answer.rows())


def test_amounts_stay_decimals(folder: Path) -> None:
    """Sums are exact, and the tenant and the month are columns."""
    question = "select tenant_id, month, sum(net_amount) from fct_daily_product_sales group by all order by all"

    assert rows(folder, question) == [(OURS, "2026-09", Decimal("2.5000")), (THEIRS, "2026-09", Decimal("9.9900"))]


def test_one_tenant_sees_its_own(folder: Path) -> None:
    """Whatever is asked, the other tenant's rows are not there; a tenant without files has empty tables."""
    question = "select sum(net_amount) from fct_daily_product_sales where tenant_id like '%'"

    assert rows(folder, question, UUID(OURS)) == [(Decimal("2.5000"),)]
    assert rows(folder, "select net_amount, month from fct_daily_product_sales", uuid4()) == []


def test_an_answer_is_a_table(run: Run) -> None:
    """Names are shown as they are, whatever a terminal might take for markup."""
    result = run("select product_name, net_amount from fct_daily_product_sales", "--tenant", OURS)

    assert result.exit_code == 0, result.output
    assert "Bread, [b]white[/b]" in result.stdout
    assert "2.5000" in result.stdout


def test_an_answer_is_a_document(run: Run) -> None:
    """An object per row; amounts are strings, so that no float comes near them."""
    result = run("select business_date, net_amount from fct_daily_product_sales", "--tenant", OURS, "--json")

    assert json.loads(result.stdout) == [{"business_date": "2026-09-18", "net_amount": "2.5000"}]


def test_an_answer_is_csv(run: Run) -> None:
    """A head and a line per row, quoted where it has to be."""
    result = run("select product_name, net_amount from fct_daily_product_sales", "--tenant", OURS, "--csv")

    assert result.stdout == 'product_name,net_amount\n"Bread, [b]white[/b]",2.5000\n'


def test_a_fault_in_the_question_is_shown_with_its_place(run: Run) -> None:
    """Wrong usage, with DuckDB's words and a mark below the fault."""
    result = run("select net_amout from fct_daily_product_sales")

    assert result.exit_code == 2
    assert 'Referenced column "net_amout" not found' in result.stderr
    assert "LINE 1: select net_amout" in result.stderr
    assert "^" in result.stderr


def test_nothing_exported_says_what_to_run(tmp_path: Path) -> None:
    """An empty folder is no empty answer."""
    with pytest.raises(NotFound, match="holds no exported marts") as refused:
        rows(tmp_path, "select 1")

    assert "pos-pipeline export" in refused.value.action_required


@pytest.mark.parametrize(
    "question",
    [
        "",
        "select 1; select 2",
        "drop view fct_daily_product_sales",
        "copy (select 1) to 'x.csv'",
        "set enable_external_access = true",
        "install httpfs",
        "attach 'other.db'",
    ],
)
def test_only_a_single_select_is_taken(folder: Path, question: str) -> None:
    """A question can change nothing."""
    with pytest.raises(InvalidRequest, match="expected one select"):
        rows(folder, question)


def test_nothing_else_on_the_machine_is_read(folder: Path, tmp_path: Path) -> None:
    """A file beside the exports stays closed, by whatever function."""
    secret = tmp_path / "secret.csv"
    secret.write_text("token\n1\n")

    for question in (f"select * from '{secret}'", f"select * from read_text('{secret}')"):
        with pytest.raises(InvalidRequest) as refused:
            rows(folder, question)
        assert "token" not in str(refused.value)


def test_two_forms_at_once_are_refused(run: Run) -> None:
    """Which one was meant cannot be known."""
    assert run("select 1", "--csv", "--json").exit_code == 2


def test_the_examples_of_the_documentation_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars and DuckDB read what the page says, from the folder it names."""
    page = (Path(__file__).parents[2] / "docs" / "forecasting.md").read_text()
    examples = [part.partition("```")[0] for part in page.split("```python\n")[1:]]
    (folder / ".pos").mkdir()
    (folder / ".pos" / "exports").symlink_to(folder)
    monkeypatch.chdir(folder)

    found = []
    for example in examples:
        names: dict[str, Any] = {}
        exec(example.replace("TENANT", OURS), names)  # noqa: S102 - our own page
        found.append(names["daily"])

    assert len(examples) == 2
    assert all(len(example.strip().splitlines()) <= 5 for example in examples)
    assert [tuple(map(str, row)) for row in found[0].rows()] == [tuple(map(str, row)) for row in found[1].fetchall()]
    assert FILE_NAME in page
