"""Lists in pages: an opaque cursor says after which row the next page begins, so new rows shift nothing."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from pos_pipeline.gateway.problems import Refusal

ItemT = TypeVar("ItemT")
LARGEST_EXPONENT = 40

Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page has at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; leave it out for the first one.")
]


class Page(BaseModel, Generic[ItemT]):
    """Part of a list."""

    items: list[ItemT]
    next_cursor: str | None = Field(None, description="Where the next page begins; absent on the last page.")


def page_of(
    rows: Sequence[ItemT], limit: int, position: Callable[[ItemT], Sequence[Any]], *, of: str = ""
) -> Page[ItemT]:
    """A page of `limit` rows out of `limit + 1` that were asked for; `position` is what they are sorted by.

    `of` names the list: two may be sorted alike, and a cursor of one would skip rows of the other in silence.
    """
    more = len(rows) > limit
    shown = list(rows[:limit])
    return Page(items=shown, next_cursor=_encode([of, *position(shown[-1])]) if more else None)


def position_of(cursor: str | None, *kinds: Callable[[str], Any], of: str = "") -> list[Any] | None:
    """The values a cursor of the list `of` stands for, each parsed by its kind; None without a cursor.

    Raises:
        Refusal: 400, the cursor is not one of this list's.
    """
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        if not isinstance(values, list) or [type(value) for value in values] != [str] * (len(kinds) + 1):
            raise ValueError(values)  # noqa: TRY301 - the same refusal as below
        if values.pop(0) != of:
            raise ValueError(of)  # noqa: TRY301 - the same refusal as below
        return [kind(value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, binascii.Error):
        raise Refusal(400, "invalid_cursor", "The cursor is not one this list gave out; begin without it.") from None


def text(value: str) -> str:
    """A word of a cursor; ValueError for one that Postgres cannot store."""
    if "\0" in value:
        raise ValueError("no text")
    value.encode()
    return value


def amount(value: str) -> Decimal:
    """An amount of a cursor; ValueError for what is none."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("no amount") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("no amount")
    return number


def _encode(values: Sequence[Any]) -> str:
    text = json.dumps([str(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
