"""Orders that move while they are read: every one is met, and few requests are wasted."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fakes.toast_kitchen import RESTAURANT, Kitchen, guid

from pos_pipeline.errors import ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Answer, Page, Source, Window
from pos_pipeline.providers.toast.orders import EARLIEST, cut_at
from pos_pipeline.providers.toast.source import read_stream

NOON = datetime(2026, 9, 18, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def source(*, now: datetime = NOON, switched_off: frozenset[str] = frozenset()) -> Source:
    """The restaurant at a present."""
    return Source(UUID(int=1), RESTAURANT, (RESTAURANT,), {"restaurant": RESTAURANT}, switched_off, now)


def live(kitchen: Kitchen, since: datetime, *, now: datetime = NOON) -> Iterator[Page]:
    """A live reading."""
    return read_stream(kitchen, source(now=now), "orders", since)


def window(kitchen: Kitchen, start: datetime, end: datetime) -> Iterator[Page]:
    """A historical reading."""
    return read_stream(kitchen, source(), "orders", window=Window(start, end))


def ids(pages: Iterator[Page]) -> list[str]:
    """Every order that was yielded, as often as it was."""
    return [record.id for page in pages for record in page.records]


def busy_days(count: int = 600) -> Kitchen:
    """Two days: a third over the opening hours, the rest captured within ten minutes after closeout."""
    kitchen = Kitchen()
    for number in range(count):
        day = NOON.replace(hour=0) - (1 + number % 2) * DAY
        moment = 4 * HOUR + number * timedelta(seconds=1) if number % 3 else 9 * HOUR + number * timedelta(minutes=1)
        kitchen.orders[guid(number)] = day + moment
    return kitchen


def test_quiet_live_reading_asks_once() -> None:
    """With less than a page of changes one request covers the whole span, a week of the future included."""
    kitchen = Kitchen({guid(1): NOON - HOUR})

    assert ids(live(kitchen, NOON - 2 * HOUR)) == [guid(1)]
    assert kitchen.bulk_queries() == [
        {
            "startDate": "2026-09-18T10:00:00.000+0000",
            "endDate": "2026-09-25T12:00:00.000+0000",
            "pageSize": 100,
            "page": 1,
        }
    ]


def test_bounds_are_rounded_outward() -> None:
    """Toast knows milliseconds; start is inclusive and end exclusive, so nothing at either edge is lost."""
    start, end = NOON + timedelta(microseconds=999_999), NOON + timedelta(seconds=2, microseconds=1)
    kitchen = Kitchen()
    list(window(kitchen, start, end))

    [query] = kitchen.bulk_queries()
    assert (query["startDate"], query["endDate"]) == ("2026-09-18T12:00:00.999+0000", "2026-09-18T12:00:02.001+0000")


@pytest.mark.parametrize("days", [30, 31, 95])
def test_no_request_spans_more_than_thirty_days(days: int) -> None:
    """After a long silence the span is asked for in pieces that touch."""
    kitchen = Kitchen({guid(1): NOON - days * DAY, guid(2): NOON - 1 * DAY})

    assert sorted(ids(window(kitchen, NOON - days * DAY, NOON))) == [guid(1), guid(2)]
    edges = [(query["startDate"], query["endDate"]) for query in kitchen.bulk_queries()]
    assert len(edges) == math.ceil(days / 30)
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]


def test_history_before_toasts_beginning_is_not_asked_for() -> None:
    """Dates up to 2015-12-01 are refused by Toast; a window that ends there is empty."""
    kitchen = Kitchen()
    list(window(kitchen, EARLIEST - 20 * DAY, EARLIEST + DAY))
    list(window(kitchen, EARLIEST - 20 * DAY, EARLIEST - DAY))

    assert [query["startDate"] for query in kitchen.bulk_queries()] == ["2015-12-02T00:00:00.000+0000"]


@pytest.mark.parametrize(
    "sort",
    [
        pytest.param(None, id="in no order"),
        pytest.param("modified", id="oldest change first"),
        pytest.param("modified, reversed", id="newest change first"),
        pytest.param("guid", id="by guid"),
    ],
)
def test_busy_days_are_read_whole_and_once(sort: str | None) -> None:
    """Bursts are cut where the rows are: at worst two requests for every fifty orders, however rows are sorted."""
    kitchen = busy_days()
    if sort is not None:
        by_time = "modified" in sort
        kitchen.sort = lambda guids: sorted(
            guids, key=lambda one: kitchen.orders[one] if by_time else one, reverse="reversed" in sort
        )

    found = Counter(ids(window(kitchen, NOON - 3 * DAY, NOON)))

    assert found == Counter(kitchen.orders.keys())
    assert {query["page"] for query in kitchen.bulk_queries()} == {1}
    assert len(kitchen.asked) <= 2 * 600 / 50


def test_slices_come_oldest_first() -> None:
    """A reading that breaks off has brought everything up to some moment."""
    pages = list(window(busy_days(), NOON - 3 * DAY, NOON))
    reached = [max(record.version_at for record in page.records) for page in pages if page.records]

    assert reached == sorted(reached)


@pytest.mark.parametrize("victim", [0, 150, 599])
def test_orders_modified_during_the_scan_are_not_lost(victim: int) -> None:
    """Whatever is modified at every single request, nobody else falls out, and who moved ahead is met there."""
    kitchen = busy_days()
    movers = sorted(kitchen.orders)[victim:] + sorted(kitchen.orders)[:victim]

    def modify_one(_: dict[str, object]) -> None:
        kitchen.orders[movers[len(kitchen.asked)]] = NOON + len(kitchen.asked) * timedelta(milliseconds=1)

    kitchen.before_answer = modify_one

    assert set(ids(live(kitchen, NOON - 3 * DAY))) == kitchen.orders.keys()


def test_more_orders_in_an_instant_than_a_page_holds() -> None:
    """A slice that cannot be cut is read by its pages until two readings agree; nothing comes twice."""
    kitchen = Kitchen({guid(number): NOON - HOUR for number in range(250)})

    found = Counter(ids(live(kitchen, NOON - 2 * HOUR)))

    assert found == Counter(kitchen.orders.keys())
    paged = [query["page"] for query in kitchen.bulk_queries() if query["page"] > 1]
    assert paged == [2, 3, 2, 3]


def test_instant_that_drifts_while_it_is_paged() -> None:
    """An order that leaves between two pages draws one forward unseen; the next reading brings it."""
    kitchen = Kitchen({guid(number): NOON - HOUR for number in range(250)})
    kitchen.sort = sorted

    def leave_once(query: dict[str, object]) -> None:
        if query["page"] == 2:
            kitchen.orders[guid(0)] = NOON + 8 * DAY

    kitchen.before_answer = leave_once

    assert set(ids(live(kitchen, NOON - 2 * HOUR))) == kitchen.orders.keys() - {guid(0)}


def test_instant_that_never_rests_ends_in_an_error() -> None:
    """When no two readings agree, the sync says so and tries again later; it does not go on for ever."""
    kitchen = Kitchen({guid(number): NOON - HOUR for number in range(250)})
    kitchen.sort = sorted

    def leave_again(query: dict[str, object]) -> None:
        if query["page"] == 2:
            kitchen.orders[guid(len(kitchen.asked) % 100)] = NOON + HOUR

    kitchen.before_answer = leave_again

    with pytest.raises(ProviderUnavailable, match=r"of one second \(2026-09-18T1[01]:.*changed during each of 10"):
        ids(live(kitchen, NOON - 2 * HOUR))


def test_short_page_with_a_next_one_is_not_the_end() -> None:
    """A `next` link counts also beside fewer rows than asked for; slices get shorter until there is none."""

    def half_pages(query: dict[str, object]) -> Answer:
        start, end = (datetime.fromisoformat(str(query[name])) for name in ("startDate", "endDate"))
        more = '<https://x>; rel="next"' if end - start > HOUR else '<https://x>; rel="self"'
        row = b'{"guid":"a","modifiedDate":"2026-09-18T10:30:00.000+0000"}'
        return Answer(b"[" + row * (start <= NOON - 1.5 * HOUR < end) + b"]", {"link": more})

    kitchen = Kitchen()
    kitchen._bulk = half_pages

    assert ids(live(kitchen, NOON - 3 * HOUR)) == ["a"]


def test_position_in_the_future_does_not_end_live_syncs() -> None:
    """One order with a false date moves the position beyond the present; the last hour is read all the same."""
    kitchen = Kitchen({guid(1): NOON - timedelta(minutes=30)})

    assert ids(live(kitchen, NOON + 900 * DAY)) == [guid(1)]


def test_payload_is_kept_byte_for_byte() -> None:
    """Amounts with more digits than a float holds, spacing and unknown keys reach the raw layer as sent."""
    raw = b'{"guid":"o1",  "modifiedDate":"2026-03-15T08:12:44.090+0000","n":0.10000000000000000555,"new":{"a":[]}}'
    kitchen = Kitchen()
    kitchen._bulk = lambda _: Answer(b" [ " + raw + b" ] ", {})

    [page] = live(kitchen, NOON - HOUR)

    assert page.records[0].payload == raw
    assert page.records[0].version_at == datetime(2026, 3, 15, 8, 12, 44, 90_000, tzinfo=UTC)
    assert (page.records[0].id, page.records[0].location_id) == ("o1", RESTAURANT)


def test_order_without_usable_keys_is_set_aside_alone() -> None:
    """No GUID, no time, a time of never or of nowhere, nothing at all: each costs itself only."""
    bodies = [
        b'{"guid":"ok","modifiedDate":"2026-09-18T10:00:00.000+0000"}',
        b'{"modifiedDate":"2026-09-18T10:00:00.000+0000"}',
        b'{"guid":"","modifiedDate":"2026-09-18T10:00:00.000+0000"}',
        b'{"guid":"timeless"}',
        b'{"guid":"never","modifiedDate":"1970-01-01T00:00:00.000+0000"}',
        b'{"guid":"local","modifiedDate":"2026-09-18T10:00:00"}',
        b"null",
        b'{"guid":"created","modifiedDate":null,"createdDate":"2026-09-18T09:00:00.000+0000"}',
    ]
    kitchen = Kitchen()
    kitchen._bulk = lambda _: Answer(b"[" + b",".join(bodies) + b"]", {})

    [page] = live(kitchen, NOON - HOUR)

    assert [record.id for record in page.records] == ["ok", "created"]
    assert [reject.payload for reject in page.rejects] == bodies[1:7]
    assert [reject.id for reject in page.rejects] == [None, None, "timeless", "never", None, None]


@pytest.mark.parametrize("body", [b'{"orders":[]}', b"[{]", b"7"])
def test_answer_that_is_no_list_is_refused(body: bytes) -> None:
    """The error names stream and size, never the content."""
    kitchen = Kitchen()
    kitchen._bulk = lambda _: Answer(body, {})

    with pytest.raises(UnexpectedPayload, match=rf"orders page of {len(body)} bytes"):
        list(live(kitchen, NOON - HOUR))


def test_restaurant_that_is_switched_off_is_not_read() -> None:
    """Neither its orders nor its payments are asked for."""
    kitchen = Kitchen({guid(1): NOON})
    off = source(switched_off=frozenset({RESTAURANT}))

    assert list(read_stream(kitchen, off, "orders", NOON - HOUR)) == []
    assert list(read_stream(kitchen, off, "payments", NOON - HOUR)) == []
    assert kitchen.asked == []


def test_cut_lies_inside_the_slice_whatever_the_rows_say() -> None:
    """Rows at the very start, beyond the end, or none at all: the slice is halved instead."""
    end = NOON + HOUR

    assert cut_at(NOON, end, []) == NOON + HOUR / 2
    assert cut_at(NOON, end, [NOON] * 100) == NOON + HOUR / 2
    assert cut_at(NOON, end, [end + DAY] * 100) == NOON + HOUR / 2
    assert cut_at(NOON, end, [NOON] * 60 + [NOON + timedelta(minutes=1)] * 40) == NOON + timedelta(minutes=1)
