"""Orders by time of modification, none lost while they move.

Toast pages by number over a set that moves: an order modified between two pages leaves its own and draws the
others forward, so one of them is never shown. Nor do rows come in a known order. One answer, though, is a
consistent picture; so a span is cut until each slice fits on one page, and the slices are read one by one:

    start ──────────────────────────────── end     100 rows: more than a page shows
    start ────── cut ───────────────────── end     64 rows: a slice is read
                 cut ───────── cut ─────── end     ...

What leaves a slice unseen was modified, and therefore lies ahead: in a later slice or in the next sync.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pos_pipeline.errors import ProviderUnavailable
from pos_pipeline.provider import Api, Page
from pos_pipeline.providers.toast.pages import Keys, cut

PATH = "/orders/v2/ordersBulk"
ROWS_PER_PAGE = 100
LONGEST = timedelta(days=30)
"""Toast: "must not exceed one month"."""
SHORTEST = timedelta(seconds=1)
"""A slice that long is not cut any further, but read page by page until two readings agree."""
EARLIEST = datetime(2015, 12, 2, tzinfo=UTC)
"""Toast takes no dates up to 2015-12-01."""
READINGS = 10


def read_orders(api: Api, restaurant: str, start: datetime, end: datetime) -> Iterator[Page]:
    """Pages of the orders modified in [start, end), oldest slice first.

    Raises:
        ProviderUnavailable: over a hundred orders of one second go on changing while they are read.
    """
    start, end = _floor(max(start, EARLIEST)), _floor(end + timedelta(microseconds=999))
    stops = [end]
    while stops[-1] - start > LONGEST:
        stops.append(max(start + LONGEST, stops[-1] - LONGEST))
    while stops and start < end:
        stop = stops[-1]
        page, is_whole = _ask(api, restaurant, start, stop, 1)
        if is_whole:
            yield page
            start = stops.pop()
        elif stop - start <= SHORTEST:
            yield from _settled(api, restaurant, start, stop)
            start = stops.pop()
        else:
            stops.append(cut_at(start, stop, [record.version_at for record in page.records]))


def cut_at(start: datetime, stop: datetime, times: list[datetime]) -> datetime:
    """Where to cut an overfull slice, given the times of the rows that were shown.

    At their median, which leaves half of them on either side however bursty a day is (a batch captures all
    cards within minutes). If they came sorted, they are the first or last rows of the slice, and the cut is
    one that leaves nearly a page of them together.
    """
    ordered = sorted(times)
    share = 95 if times == ordered else 5 if times == ordered[::-1] else 50
    later = (_floor(time) for time in ordered[len(ordered) * share // 100 :])
    middle = _floor(start + (stop - start) / 2)
    return next((time for time in later if start < time < stop), middle)


def _settled(api: Api, restaurant: str, start: datetime, stop: datetime) -> Iterator[Page]:
    """A slice of many pages, once two readings of it have brought the same."""
    before: set[tuple[str, datetime]] | None = None
    for _ in range(READINGS):
        pages = list(_by_number(api, restaurant, start, stop))
        seen = {(record.id, record.version_at) for page in pages for record in page.records}
        if seen == before:
            yield from pages
            return
        before = seen
    raise ProviderUnavailable(
        f"toast: the orders of one second ({start:%Y-%m-%dT%H:%M:%SZ}) changed during each of {READINGS} readings; "
        "the next sync tries again."
    )


def _by_number(api: Api, restaurant: str, start: datetime, stop: datetime) -> Iterator[Page]:
    number, is_last = 1, False
    while not is_last:
        page, is_last = _ask(api, restaurant, start, stop, number)
        yield page
        is_last = is_last or not (page.records or page.rejects)
        number += 1


def _ask(api: Api, restaurant: str, start: datetime, stop: datetime, number: int) -> tuple[Page, bool]:
    """One page, and whether none follows it: it is not full and names no next one."""
    answer = api.answer(
        PATH,
        {"startDate": _stamp(start), "endDate": _stamp(stop), "pageSize": ROWS_PER_PAGE, "page": number},
    )
    page = cut(answer.body, Keys, "orders", restaurant)
    rows = len(page.records) + len(page.rejects)
    return page, rows < ROWS_PER_PAGE and 'rel="next"' not in answer.headers.get("link", "")


def _floor(time: datetime) -> datetime:
    """The millisecond it lies in."""
    return time - timedelta(microseconds=time.microsecond % 1000)


def _stamp(time: datetime) -> str:
    """Toast insists on milliseconds and on an offset without a colon."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}+0000"
