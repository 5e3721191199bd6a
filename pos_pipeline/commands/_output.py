"""How results leave a command: one JSON document or tables for people, never both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH_COLUMNS = 160

PANELS = BEGIN, WORK, SET_UP, INSPECT = "Begin", "Work", "Set up", "Look inside"
"""Headings of `--help` under which commands are listed, in this order."""


def _remember(context: typer.Context, value: bool) -> bool:
    """An error of this command is then told as JSON as well."""
    root = context.find_root()
    if root.obj is not None:
        root.obj["json"] = root.obj["json"] or value
    return value


Json = Annotated[
    bool, typer.Option("--json", callback=_remember, help="One JSON document on standard output, nothing else.")
]


def show(as_json: bool, data: Any, *people: RenderableType) -> None:
    """The result: `data` as JSON, or `people` on the terminal.

    Decimals, dates and UUIDs become strings, so no amount ever passes through a float.
    """
    if as_json:
        import msgspec  # noqa: PLC0415 - `--help` does without it

        typer.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())
        return
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH_COLUMNS)
    for part in people:
        console.print(part, markup=False)


def note(text: str) -> None:
    """A line about what is going on, out of the result's way."""
    Console(stderr=True, highlight=False).print(text, markup=False, soft_wrap=True)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Shows on a terminal that something takes its time."""
    with Console(stderr=True).status(text):
        yield


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()) -> Table:
    """A table for people; columns named in `right` are figures."""
    result = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        result.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        # Text and not str: a shop's name may contain what rich takes for markup.
        result.add_row(*("" if cell is None else Text(str(cell)) for cell in row))
    return result


def amount(value: Decimal) -> str:
    """Money for people: two decimals, more only where they say something."""
    digits = max(2, -int(value.normalize().as_tuple().exponent))
    return f"{value:,.{digits}f}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago in words: `4 min ago`; `never` for None."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < timedelta(minutes=1).total_seconds():
        return "just now"
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or unit == "min":
            return f"{int(seconds // length)} {unit} ago"
    raise AssertionError(seconds)
