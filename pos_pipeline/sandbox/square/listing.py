"""Paging as Square does it: opaque cursors, pages that may be short or empty, missing keys when there is nothing."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.square.call import Call
from pos_pipeline.sandbox.square.cursors import Place
from pos_pipeline.sandbox.square.errors import invalid
from pos_pipeline.sandbox.square.shelf import Item, Key, Shelf


class Listing(NamedTuple):
    """One question to a shelf, complete but for the page."""

    shelf: Shelf
    location_ids: Iterable[str]
    field: str
    low: Instant | None
    high: Instant | None
    ascending: bool
    matches: Callable[[Item], bool] | None = None


class Slice(NamedTuple):
    """One page; `cursor` is None on the last one."""

    items: list[Item]
    cursor: str | None


def place_of(call: Call, cursor: str | None, query: tuple[tuple[str, str], ...], *, may_omit: bool) -> Place:
    """Where to go on: the start, or what a cursor stands for.

    With `may_omit` the client may send the cursor without repeating its filters.

    Raises:
        SquareError: 400 INVALID_CURSOR.
    """
    if not cursor:
        return Place(query, call.now, None)
    return call.cloud.cursors.resume(cursor, None if may_omit else query)


def take(call: Call, listing: Listing, place: Place, limit: int) -> Slice:
    """The next page from `place`. A full page that is not the last may come short, now and then even empty."""
    shelf, location_ids, field, low, high, ascending, matches = listing
    found = shelf.between(
        location_ids, field, low, high, ascending=ascending, after=place.after, matches=matches, limit=limit + 1
    )
    if len(found) <= limit:
        return Slice([item for _, item in found], None)
    found = found[: call.cloud.page_size(limit)]
    after: Key | None = found[-1][0] if found else place.after
    return Slice([item for _, item in found], call.cloud.cursors.issue(place._replace(after=after)))


def ordered(start: Instant | None, end: Instant | None, field: str) -> None:
    """Refuse a window that ends before it begins.

    Raises:
        SquareError: 400 INVALID_TIME_RANGE.
    """
    if start is not None and end is not None and end < start:
        raise invalid("INVALID_TIME_RANGE", f"`{field}`: the end of the time range is before its start.", field)


def answer(key: str, shelf: Shelf, page: Slice) -> bytes:
    """The page as JSON: `{}` when there is nothing at all."""
    parts = []
    if page.items:
        parts.append(f'"{key}":['.encode() + b",".join([shelf.body(item) for item in page.items]) + b"]")
    if page.cursor is not None:
        parts.append(f'"cursor":"{page.cursor}"'.encode())
    return b"{" + b",".join(parts) + b"}"
