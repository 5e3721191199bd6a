"""Historical windows: sales by when they were sold, out of the search index.

The index pages by offset over a set that moves, shows changes late and cuts large pages silently. One page, though,
is a consistent picture: so a window that fits on one is read at once, and one that does not is cut as finely as its
first page suggests, down to days. The next page begins after as many rows as came, and a day that took more than one
counts only once two readings in a row have met the same sales.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pos_pipeline.errors import ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Record, Reject, Window
from pos_pipeline.providers.lightspeed.lists import Get
from pos_pipeline.providers.lightspeed.pages import as_utc, cut

PATH = "/api/2.0/search"
ROWS_PER_PAGE = 1000
SHORTEST = timedelta(days=1)
"""A slice that long is not cut any further, but read again until two readings agree."""
SECOND = timedelta(seconds=1)
MOST_SCANS = 5
MOST_PAGES = 10_000
"""Of one slice; a server that ignores `offset` would otherwise be read for ever."""


@dataclass
class Slice:
    """What one reading of a slice has met."""

    records: dict[str, Record] = field(default_factory=dict)
    """By id, each in its highest version."""
    rejects: list[Reject] = field(default_factory=list)
    pages: int = 0
    reaches: datetime | None = None
    """Latest sale of the first page: how far a page goes."""


def sold_in(get: Get, window: Window) -> Iterator[Slice]:
    """The sales of a window by `sale_date`, slice by slice.

    Raises:
        ProviderUnavailable: a slice never came to rest.
        UnexpectedPayload: pages are not as documented.
    """
    waiting = [Window(window.start.astimezone(UTC), window.end.astimezone(UTC))]
    while waiting:
        part = waiting.pop()
        if part.end - part.start <= SHORTEST:
            yield _settled(get, part)
            continue
        met = _scan(get, part, most_pages=1)
        if met.pages <= 1:
            yield met
        else:
            waiting.extend(reversed(cut_to_fit(part, met.reaches)))


def cut_to_fit(part: Window, reaches: datetime | None) -> list[Window]:
    """Slices of a day or more, each a page or a little less if sales go on as they did up to `reaches`."""
    filled = (reaches or part.end) - part.start
    length = max(SHORTEST, min(filled * 4 / 5, (part.end - part.start) / 2))
    slices, start = [], part.start
    while start < part.end:
        slices.append(Window(start, min(start + length, part.end)))
        start = slices[-1].end
    return slices


def _settled(get: Get, part: Window) -> Slice:
    met = _scan(get, part, most_pages=MOST_PAGES)
    if met.pages <= 1:
        return met
    for _ in range(MOST_SCANS - 1):
        again = _scan(get, part, most_pages=MOST_PAGES)
        if again.records.keys() == met.records.keys():
            return again
        met = again
    raise ProviderUnavailable(
        f"lightspeed: {MOST_SCANS} readings of the sales of {part} met different ones each time; it is tried again."
    )


def _scan(get: Get, part: Window, *, most_pages: int) -> Slice:
    """One reading of a slice, to the empty page, or given up at the first page beyond `most_pages`.

    Whether the limits themselves belong to the answer is documented for neither. A second more is asked for at
    both ends, and what was sold outside is left to the neighbouring slice.
    """
    query: dict[str, str | int] = {
        "type": "sales",
        "date_from": _stamp(math.floor(part.start.timestamp()) - 1),
        "date_to": _stamp(math.ceil(part.end.timestamp()) + 1),
        "order_direction": "asc",
        "page_size": ROWS_PER_PAGE,
        "deleted": "true",
    }
    met, offset = Slice(), 0
    while True:
        piece = cut(get(PATH, query | {"offset": offset}), "sales")
        if not piece.received:
            return met
        met.pages += 1
        if met.pages > MOST_PAGES:
            raise UnexpectedPayload(f"lightspeed: the sales of {part} do not end after {MOST_PAGES} pages.")
        met.rejects.extend(piece.rejects)
        for record, key in zip(piece.records, piece.keys, strict=True):
            sold_at = as_utc(key.sale_date)
            if met.pages == 1 and sold_at is not None:
                met.reaches = max(met.reaches or sold_at, sold_at)
            known = met.records.get(record.id)
            is_newer = known is None or (known.version_no or 0) < (record.version_no or 0)
            if sold_at is not None and part.start <= sold_at < part.end and is_newer:
                met.records[record.id] = record
        if met.pages > most_pages:
            return met
        offset += piece.received


def _stamp(epoch_seconds: int) -> str:
    """The form the documentation asks for, whole seconds in UTC."""
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
