"""The table: what was measured, beside what, and whether it keeps its budget."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

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


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table(*TITLES, show_lines=True)
    for row in rows:
        table.add_row(*row.cells)
    Console(width=160).print(table)


def write(path: Path, rows: Sequence[Row], *, command: str, postgres: str, remarks: str) -> None:
    """Keep the table in `path`, with what somebody needs to repeat it."""
    lines = [
        "# Benchmarks",
        "",
        f"What `{command}` measured on {datetime.now(UTC):%Y-%m-%d}: {machine()}, Postgres {postgres}.",
        "The file is written by that command; wording is changed in `benchmarks/`.",
        "",
        *_markdown(rows),
        "",
        remarks.strip(),
        "",
    ]
    path.write_text("\n".join(lines))


def machine() -> str:
    """The machine in words."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def _markdown(rows: Iterable[Row]) -> Iterable[str]:
    yield f"| {' | '.join(TITLES)} |"
    yield f"|{'---|' * len(TITLES)}"
    for row in rows:
        yield f"| {' | '.join(row.cells)} |"
