"""Windows of history: each sale once, whatever the index does to its pages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fakes.lightspeed_shelf import NOON, Row, Shelf, sale

from pos_pipeline.errors import ProviderUnavailable, UnexpectedPayload
from pos_pipeline.extract.plan import split
from pos_pipeline.provider import Page, Source, Window
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.providers.lightspeed.search import cut_to_fit
from pos_pipeline.providers.lightspeed.source import read_stream

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
MORNING = datetime(2026, 9, 18, tzinfo=UTC)


def read(shelf: Shelf, window: Window, switched_off: frozenset[str] = frozenset()) -> list[Page]:
    """All pages of a window."""
    source = Source(UUID(int=1), "panaderia-sol", ("O1", "O2"), {}, switched_off)
    return list(read_stream(shelf, source, "sales", window=window))


def ids(pages: list[Page]) -> list[str]:
    """What was brought, sorted."""
    return sorted(record.id for page in pages for record in page.records)


def day_of(sales: int) -> list[Row]:
    """So many sales within the eighteenth, a second apart."""
    return [sale(number, MORNING + 8 * HOUR + number * SECOND) for number in range(sales)]


def test_window_is_searched_at_once() -> None:
    """By date of sale in UTC, a second wider at both ends, deleted ones included, the oldest first."""
    shelf = Shelf()

    read(shelf, Window(NOON, NOON + 30 * HOUR))

    assert shelf.queries("search")[0] == {
        "type": "sales",
        "date_from": "2026-09-18T11:59:59Z",
        "date_to": "2026-09-19T18:00:01Z",
        "order_direction": "asc",
        "page_size": 1000,
        "deleted": "true",
        "offset": 0,
    }


@pytest.mark.parametrize("includes_limit", [True, False])
def test_sale_on_the_border_belongs_to_one_window(*, includes_limit: bool) -> None:
    """Whether the index counts its upper limit in is not documented; neither way a sale is lost or doubled."""
    rows = [sale(n, NOON + n * SECOND) for n in (-2, -1, 0, 1, 2)]
    shelf = Shelf({"sales": rows}, includes_limit=includes_limit)

    before, after = read(shelf, Window(NOON - DAY, NOON)), read(shelf, Window(NOON, NOON + DAY))

    assert (ids(before), ids(after)) == (["s-1", "s-2"], ["s0", "s1", "s2"])


def test_borders_may_lie_within_a_second() -> None:
    """A till is linked at some microsecond; the sales of that second belong to the side they were sold on."""
    border = NOON + timedelta(microseconds=400_000)
    rows = [sale(1, NOON), sale(2, NOON + SECOND)]
    rows.append(sale(3) | {"sale_date": "2026-09-18T12:00:00.400000+00:00"})
    shelf = Shelf({"sales": rows})

    assert ids(read(shelf, Window(NOON - DAY, border))) == ["s1"]
    assert ids(read(shelf, Window(border, NOON + DAY))) == ["s2", "s3"]


def test_clamped_page_skips_nothing() -> None:
    """The next offset counts the rows that came, not those that were asked for."""
    shelf = Shelf({"sales": day_of(23)}, most_rows=5)

    assert ids(read(shelf, Window(MORNING, MORNING + DAY))) == sorted(f"s{number}" for number in range(23))
    offsets = [query["offset"] for query in shelf.queries("search")]
    assert offsets == [0, 5, 10, 15, 20, 23] * 2


def test_window_of_one_page_is_read_once() -> None:
    """One page cannot shift against another; its end costs one more question, a window without sales one in all."""
    shelf = Shelf({"sales": day_of(3)})

    read(shelf, Window(MORNING, MORNING + 7 * DAY))
    read(shelf, Window(MORNING + 7 * DAY, MORNING + 14 * DAY))

    assert [query["offset"] for query in shelf.queries("search")] == [0, 3, 0]


def test_window_of_many_pages_is_cut_as_finely_as_it_needs() -> None:
    """Its first page holds two and a half days: slices of two days follow, each of which is a page."""
    week = [sale(number, MORNING + number * 6 * HOUR) for number in range(28)]
    shelf = Shelf({"sales": week}, most_rows=11)

    pages = read(shelf, Window(MORNING, MORNING + 7 * DAY))

    assert ids(pages) == sorted(row["id"] for row in week)
    asked = [(query["date_from"][5:13], query["date_to"][5:13], query["offset"]) for query in shelf.queries("search")]
    assert asked[:2] == [("09-17T23", "09-25T00", 0), ("09-17T23", "09-25T00", 11)]
    assert asked[2:4] == [("09-17T23", "09-20T00", 0), ("09-17T23", "09-20T00", 9)]
    assert len(asked) == 2 + 2 * 4


def test_window_is_cut_though_its_order_says_nothing() -> None:
    """An index that ignores the order asked for shows the last sale first; halves then do what they can."""
    start, end = MORNING, MORNING + 7 * DAY

    assert cut_to_fit(Window(start, end), end) == [
        Window(start, start + 3.5 * DAY),
        Window(start + 3.5 * DAY, end),
    ]


def test_busy_window_is_cut_into_days_and_no_finer() -> None:
    """A page that holds an hour would make hundreds of slices; a day is read page by page."""
    start = MORNING

    assert [part.end - part.start for part in cut_to_fit(Window(start, start + 3 * DAY), start + HOUR)] == [DAY] * 3


def test_shifted_pages_are_noticed() -> None:
    """A sale that becomes visible between two pages moves the others on; the slice is read until it rests."""
    rows = day_of(12)
    shelf = Shelf(
        {"sales": rows}, most_rows=5, hidden_from_search=lambda request, row: request == 1 and row["id"] == "s0"
    )

    pages = read(shelf, Window(MORNING, MORNING + DAY))

    assert ids(pages) == sorted(row["id"] for row in rows)


def test_sale_that_leaves_between_two_pages_costs_no_other() -> None:
    """A void or a deletion pulls the rest forward, so that one would be skipped."""
    rows = day_of(12)
    shelf = Shelf(
        {"sales": rows}, most_rows=5, hidden_from_search=lambda request, row: request > 1 and row["id"] == "s0"
    )

    pages = read(shelf, Window(MORNING, MORNING + DAY))

    assert ids(pages) == sorted(row["id"] for row in rows[1:])


def test_slice_that_never_rests_is_an_outage() -> None:
    """Half a day is not taken for a whole one."""
    rows = day_of(12)
    shelf = Shelf(
        {"sales": rows}, most_rows=5, hidden_from_search=lambda request, row: row["id"] == f"s{request // 3 % 12}"
    )

    with pytest.raises(ProviderUnavailable, match="met different ones each time"):
        read(shelf, Window(MORNING, MORNING + DAY))


def test_lagging_index_is_made_up_for() -> None:
    """What the index does not show yet at the import, the live reading finds: it begins an hour before the link."""
    linked_at = NOON
    hidden, shown = sale(2, NOON - 10 * SECOND), sale(1, NOON - 2 * HOUR)
    shelf = Shelf({"sales": [shown, hidden]}, hidden_from_search=lambda _, row: row["id"] == "s2")
    source = Source(UUID(int=1), "panaderia-sol", ("O1",), {}, frozenset())

    imported = read(shelf, Window(NOON - DAY, linked_at))
    live = list(read_stream(shelf, source, "sales", linked_at))

    assert (ids(imported), ids(live)) == (["s1"], ["s2"])


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_days_on_which_clocks_change_are_whole(change: datetime) -> None:
    """Windows are cut in UTC: neither the day of 23 hours nor that of 25 loses or doubles a sale."""
    start, end = change - 2 * DAY, change + 9 * DAY
    rows = [sale(number, start + number * HOUR / 2) for number in range(int((end - start) / (HOUR / 2)))]
    shelf = Shelf({"sales": rows})

    pages = [page for part in split(Window(start, end), PROVIDER.max_window) for page in read(shelf, part)]

    assert ids(pages) == sorted(row["id"] for row in rows)


def test_other_shops_stay_out_of_windows_too() -> None:
    """One search holds all shops; those switched off are left out, new ones stay."""
    rows = [sale(1), sale(2, outlet_id="O2"), sale(3, outlet_id="O3")]

    pages = read(Shelf({"sales": rows}), Window(NOON - HOUR, NOON + HOUR), frozenset({"O2"}))

    assert ids(pages) == ["s1", "s3"]


def test_sale_met_twice_counts_once_in_its_newest_form() -> None:
    """Shifting pages show a sale again; of two versions the higher one stays."""
    older, newer = sale(1, version=7, note="older"), sale(1, version=8, note="newer")
    answers = iter([[newer], [older], []] * 2)
    shelf = Shelf(scripted={"search": lambda _: {"data": next(answers)}})

    [page] = read(shelf, Window(NOON - HOUR, NOON + HOUR))

    assert [record.version_no for record in page.records] == [8]


def test_unusable_sale_is_set_aside_alone() -> None:
    """It is in quarantine once, however often the slice was read."""
    bad = sale(1) | {"version": None}
    shelf = Shelf({"sales": [bad, sale(2)]}, most_rows=1)

    [page] = read(shelf, Window(NOON - HOUR, NOON + HOUR))

    assert (ids([page]), len(page.rejects)) == (["s2"], 1)


def test_search_that_ignores_the_offset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be read for ever."""
    monkeypatch.setattr("pos_pipeline.providers.lightspeed.search.MOST_PAGES", 20)
    shelf = Shelf(scripted={"search": lambda _: {"data": [sale(1)]}})

    with pytest.raises(UnexpectedPayload, match="do not end after 20 pages"):
        read(shelf, Window(NOON - HOUR, NOON + HOUR))
    assert len(shelf.asked) == 21
