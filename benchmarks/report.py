"""The tables: what was measured, beside what, and whether it keeps its budget."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rich.table
from rich.console import Console

TITLES = ("What", "Ours", "Beside it", "Result")


@dataclass(frozen=True)
class Verdict:
    """A figure against the most it may be."""

    reached: float
    budget: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether the budget is kept."""
        return self.reached <= self.budget

    def __str__(self) -> str:
        reached = f"{self.reached:.0f}" if self.reached >= 100 else f"{self.reached:.2f}"
        return f"{reached} {self.unit}, budget {self.budget:g}: {'met' if self.is_met else 'NOT MET'}"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    beside: str = ""
    """What it is compared to, and that one's figures."""
    verdict: Verdict | None = None
    """None where there is no budget, only a comparison."""
    note: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """As printed."""
        result = "; ".join(part for part in (str(self.verdict or ""), self.note) if part)
        return self.what, self.ours, self.beside, result


@dataclass(frozen=True)
class Table:
    """Figures that are compared to nothing."""

    heading: str
    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def show(found: Sequence[Row | Table]) -> None:
    """Print the rows as one table, then the other tables."""
    for one in _tables(found):
        table = rich.table.Table(*one.titles, title=one.heading or None, show_lines=True)
        for row in one.rows:
            table.add_row(*row)
        Console(width=160).print(table)


def write(path: Path, found: Sequence[Row | Table], *, command: str, postgres: str, remarks: str) -> None:
    """Keep the tables in `path`, with what somebody needs to repeat it."""
    lines = [
        "# Benchmarks",
        "",
        f"What `{command}` measured on {datetime.now(UTC):%Y-%m-%d}: {machine()}, Postgres {postgres}.",
        "The file is written by that command; wording is changed in `benchmarks/`.",
        "",
        *(line for one in _tables(found) for line in _markdown(one)),
        remarks.strip(),
        "",
    ]
    path.write_text("\n".join(lines))


def machine() -> str:
    """The machine in words."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def _tables(found: Sequence[Row | Table]) -> list[Table]:
    compared = Table("", TITLES, [one.cells for one in found if isinstance(one, Row)])
    return [one for one in (compared, *(each for each in found if isinstance(each, Table))) if one.rows]


def _markdown(table: Table) -> Iterable[str]:
    if table.heading:
        yield from (f"## {table.heading}", "")
    yield f"| {' | '.join(table.titles)} |"
    yield f"|{'---|' * len(table.titles)}"
    for row in table.rows:
        yield f"| {' | '.join(row)} |"
    yield ""
