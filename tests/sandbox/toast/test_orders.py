"""Orders in bulk: two ways to ask, pages that move, and what the night does to them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.toast.client import Toast, parsed, partner, written
from tests.sandbox.toast.conftest import ANCHOR

BULK = "/orders/v2/ordersBulk"
DAYS = 10
START, END = ANCHOR - timedelta(days=DAYS + 4), ANCHOR + timedelta(seconds=1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Ten days of the cafés."""
    options = CloudOptions(rate_limits=False)
    with running_sandbox(
        anchor=ANCHOR, days=DAYS, sales_per_day=40, merchants=(CAFES,), cloud_options=options
    ) as running:
        yield running


@pytest.fixture
def guid(merchants: dict[str, dict[str, Any]]) -> str:
    """The café at the port."""
    return str(merchants["cafes"]["locations"][0]["id"])


def window(start: datetime = START, end: datetime = END) -> dict[str, str]:
    """The query of a window."""
    return {"startDate": written(start), "endDate": written(end)}


def moment(text: str) -> datetime:
    """A timestamp of a payload."""
    return datetime.fromisoformat(text)


def test_pages_add_up_to_the_window_without_repetition(toast: Toast, guid: str) -> None:
    """Full pages, then a shorter one; beyond it there is nothing and no error."""
    pages = list(toast.pages(guid, pageSize=30, **window()))
    guids = [order["guid"] for page in pages for order in page]
    beyond = parsed(toast.get(BULK, guid, pageSize=30, page=len(pages) + 1, **window()))

    assert {len(page) for page in pages[:-1]} == {30}
    assert 0 < len(pages[-1]) <= 30
    assert len(set(guids)) == len(guids)
    assert set(guids) == {order["guid"] for order in toast.orders(guid, START, END)}
    assert beyond == []


def test_links_tell_first_self_prev_and_next(toast: Toast, guid: str) -> None:
    """One header line each, never a last one; following them is paging."""
    first = toast.get(BULK, guid, pageSize=30, **window())
    second = toast.http.get(first.links["next"]["url"], headers=dict(first.request.headers))

    assert first.headers.get_list("link", split_commas=False)[0].endswith('rel="first"')
    assert first.links.keys() == {"first", "self", "next"}
    assert second.links.keys() == {"first", "self", "prev", "next"}
    assert parsed(second) == parsed(toast.get(BULK, guid, pageSize=30, page=2, **window()))


def test_no_page_is_larger_than_a_hundred(toast: Toast, guid: str) -> None:
    """A larger pageSize is cut."""
    assert len(parsed(toast.get(BULK, guid, pageSize=500, **window()))) == 100


def test_rows_come_in_an_order_of_their_own(toast: Toast, guid: str) -> None:
    """Not by modification, but the same one twice."""
    rows, again = (toast.orders(guid, START, END) for _ in range(2))
    stamps = [order["modifiedDate"] for order in rows]

    assert stamps not in (sorted(stamps), sorted(stamps, reverse=True))
    assert rows == again


def test_a_window_has_its_start_and_not_its_end(toast: Toast, guid: str) -> None:
    """Milliseconds decide."""
    order = toast.orders(guid, START, END)[0]
    at, tick = moment(order["modifiedDate"]), timedelta(milliseconds=1)
    found = [
        order["guid"] in {row["guid"] for row in toast.orders(guid, start, end)}
        for start, end in ((at, at + tick), (at - tick, at), (at + tick, at + 2 * tick))
    ]

    assert found == [True, False, False]


def test_any_offset_is_understood(toast: Toast, guid: str) -> None:
    """The same moments in another zone, or in Zulu, bring the same rows."""
    local = {"startDate": "2026-10-20T02:00:00.000+0200", "endDate": "2026-10-21T02:00:00.000+0200"}
    zulu = {"startDate": "2026-10-20T00:00:00.000Z", "endDate": "2026-10-21T00:00:00.000Z"}
    rows = [parsed(toast.get(BULK, guid, **query)) for query in (local, zulu)]

    assert rows[0] == rows[1]
    assert rows[0]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"startDate": "2026-10-20T00:00:00.000+0000"},
        {"endDate": "2026-10-20T00:00:00.000+0000"},
        {"startDate": "2026-10-20T00:00:00.000+0000", "endDate": "2026-10-20T00:00:00.000+0000"},
        {"startDate": "2026-10-20T00:00:00+0000", "endDate": "2026-10-21T00:00:00+0000"},
        {"startDate": "2026-10-20T00:00:00.000+00:00", "endDate": "2026-10-21T00:00:00.000+00:00"},
        {"startDate": "2026-10-20T00:00:00.000 0000", "endDate": "2026-10-21T00:00:00.000 0000"},
        {"startDate": "2026-13-20T00:00:00.000+0000", "endDate": "2026-14-21T00:00:00.000+0000"},
        {"startDate": "2015-11-01T00:00:00.000+0000", "endDate": "2015-11-02T00:00:00.000+0000"},
        {"startDate": "2026-08-01T00:00:00.000+0000", "endDate": "2026-10-01T00:00:00.000+0000"},
        {"businessDate": "2026-10-20"},
        {"businessDate": "20261020", "page": "0"},
        {"businessDate": "20261020", "pageSize": "many"},
        {**window(), "businessDate": "20261020"},
    ],
)
def test_wrong_questions_are_refused(toast: Toast, guid: str, query: dict[str, str]) -> None:
    """400: half a window, an empty or a long one, a wrong format, both ways at once."""
    answer = toast.get(BULK, guid, **query)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)


@pytest.mark.parametrize(
    ("header", "status"), [(None, 400), ("not-a-guid", 400), ("00000000-0000-4000-8000-000000000000", 403)]
)
def test_the_restaurant_is_named_in_the_header(toast: Toast, header: str | None, status: int) -> None:
    """Missing or malformed is 400, unknown is 403."""
    assert toast.get(BULK, header, **window()).status_code == status


def test_a_group_is_not_a_restaurant(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """403 for its GUID."""
    assert toast.get(BULK, merchants["cafes"]["id"], **window()).status_code == 403


def test_a_business_date_brings_what_was_opened_on_it(toast: Toast, guid: str) -> None:
    """Whenever it was modified."""
    date = 20261022
    rows = [order for page in toast.pages(guid, businessDate=str(date)) for order in page]
    later = [order for order in rows if moment(order["modifiedDate"]) > datetime(2026, 10, 23, 2, tzinfo=UTC)]

    assert {order["businessDate"] for order in rows} == {date}
    assert {order["guid"] for order in rows} == {
        order["guid"] for order in toast.orders(guid, START, END) if order["businessDate"] == date
    }
    assert later


def test_a_night_belongs_to_the_day_before(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """What the night café sells between midnight and four is yesterday's."""
    night = merchants["cafes"]["locations"][1]
    opened = [
        (moment(order["openedDate"]).astimezone(ZoneInfo("Europe/Madrid")), order["businessDate"])
        for order in toast.orders(night["id"], START, END)
    ]
    small_hours = [(at, date) for at, date in opened if at.hour in (0, 1)]

    assert small_hours
    for at, date in small_hours:
        assert date == int(f"{at.date() - timedelta(days=1):%Y%m%d}")


def test_one_order_is_what_the_list_shows(toast: Toast, guid: str) -> None:
    """The same by GUID; unknown is 404, malformed 400."""
    [order, *_] = parsed(toast.get(BULK, guid, pageSize=1, **window()))
    path = "/orders/v2/orders"

    assert parsed(toast.get(f"{path}/{order['guid']}", guid)) == order
    assert toast.get(f"{path}/00000000-0000-4000-8000-000000000000", guid).status_code == 404
    assert toast.get(f"{path}/17", guid).status_code == 400


def test_an_order_belongs_to_one_restaurant(toast: Toast, merchants: dict[str, dict[str, Any]], guid: str) -> None:
    """Another restaurant of the group does not know it."""
    [order, *_] = parsed(toast.get(BULK, guid, pageSize=1, **window()))

    assert toast.get(f"/orders/v2/orders/{order['guid']}", merchants["cafes"]["locations"][1]["id"]).status_code == 404


def test_guests_are_shown_with_their_scope_only(toast: Toast, merchants: dict[str, dict[str, Any]], guid: str) -> None:
    """Without guest.pi:read the check has no customer at all."""
    whole = toast.orders(guid, START, END)
    toast.add_integration(merchants["cafes"]["id"], code="c", scope="orders:read")
    less = toast.orders(guid, START, END)
    names = [order["checks"][0]["customer"]["firstName"] for order in whole if order["checks"][0].get("customer")]

    assert names
    assert all("customer" not in order["checks"][0] for order in less)
    assert len(less) == len(whole)


class TestAfterwards:
    """What the world does to orders later; the world is this test's own."""

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        """Four days of the cafés."""
        options = CloudOptions(rate_limits=False)
        with (
            running_sandbox(
                anchor=ANCHOR, days=4, sales_per_day=40, merchants=(CAFES,), cloud_options=options
            ) as running,
            partner(running.base_url("toast")) as toast,
        ):
            toast.add_integration(running.merchants("toast")[0]["id"], code="c")
            yield running

    def test_the_night_captures_cards_and_modifies_their_orders(
        self, sandbox: Sandbox, toast: Toast, guid: str
    ) -> None:
        """PAID becomes CLOSED after four in the morning, with a fee; cash was closed at once."""
        today = [order for page in toast.pages(guid, businessDate="20261026") for order in page]
        sandbox.advance(hours=13)
        after = {order["guid"]: order for page in toast.pages(guid, businessDate="20261026") for order in page}
        paid = [order for order in today if order["checks"][0]["paymentStatus"] == "PAID"]
        touched = toast.orders(guid, datetime(2026, 10, 27, 3, tzinfo=UTC), datetime(2026, 10, 27, 5, tzinfo=UTC))

        assert paid
        assert {order["guid"] for order in paid} <= {order["guid"] for order in touched}
        for order in paid:
            before, closed = order["checks"][0]["payments"][-1], after[order["guid"]]
            assert (order["closedDate"], before["paymentStatus"]) == (None, "AUTHORIZED")
            assert before["originalProcessingFee"] is None
            assert closed["closedDate"].startswith("2026-10-27T03:")
            assert closed["checks"][0]["payments"][-1]["paymentStatus"] == "CAPTURED"
            assert closed["businessDate"] == 20261026
        cash = [o for o in today if {p["type"] for p in o["checks"][0]["payments"]} == {"CASH"} and not o["voided"]]
        assert {order["checks"][0]["paymentStatus"] for order in cash} == {"CLOSED"}

    def test_orders_slip_through_pages_that_move(self, sandbox: Sandbox, toast: Toast, guid: str) -> None:
        """An order touched between two pages goes to the end, and one that was to come is never shown."""
        query = {"pageSize": 20, **window(ANCHOR - timedelta(days=8), ANCHOR + timedelta(days=9))}
        still = {order["guid"] for page in toast.pages(guid, **query) for order in page}
        sandbox.faults(mutate_during_scan=1)
        moving = [order["guid"] for page in toast.pages(guid, **query) for order in page]
        calm = [order["guid"] for page in toast.pages(guid, **query) for order in page]
        [touched] = toast.orders(guid, ANCHOR, ANCHOR + timedelta(seconds=1))

        assert len(still - set(moving)) == 1
        assert len(moving) - len(set(moving)) == 1
        assert moving.count(touched["guid"]) == 2
        assert set(calm) == still

    def test_refunds_can_be_silent(self, sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
        """With the switch on the order shows the refund but not that it was modified."""
        sandbox.faults(silent_refunds=True)
        places = [location["id"] for location in merchants["cafes"]["locations"]]
        start, end = ANCHOR - timedelta(days=8), ANCHOR + timedelta(days=20)
        before = {order["guid"]: order for place in places for order in toast.orders(place, start, end)}
        sandbox.advance(sales=40)
        after = {order["guid"]: order for place in places for order in toast.orders(place, start, end)}
        silent = [
            guid for guid, order in after.items() if guid in before and refunded(order) and not refunded(before[guid])
        ]

        assert silent
        for guid in silent:
            assert after[guid]["modifiedDate"] == before[guid]["modifiedDate"]

    def test_sales_made_offline_come_late_with_their_own_time(self, sandbox: Sandbox, toast: Toast) -> None:
        """They are opened when the customer paid and created when the servers heard of it."""
        places = [location["id"] for location in sandbox.merchants("toast")[0]["locations"]]
        late = [
            order
            for place in places
            for order in toast.orders(place, ANCHOR - timedelta(days=8), ANCHOR + timedelta(days=20))
            if moment(order["createdDate"]) - moment(order["openedDate"]) > timedelta(minutes=59)
            and order["source"] == "In Store"
        ]

        assert late
        for order in late:
            assert moment(order["modifiedDate"]) >= moment(order["createdDate"]) > moment(order["paidDate"])


def refunded(order: dict[str, Any]) -> bool:
    """Whether money was given back on it."""
    return any(payment["refund"] for check in order["checks"] for payment in check["payments"])


def test_what_has_not_changed_reads_the_same() -> None:
    """An order whose modifiedDate stayed where it was is the same to the byte, rendered afresh."""
    options = CloudOptions(body_cache_bytes=0, rate_limits=False)
    seen: list[dict[tuple[str, str], str]] = []
    with (
        running_sandbox(anchor=ANCHOR, days=20, sales_per_day=40, merchants=(CAFES,), cloud_options=options) as sandbox,
        partner(sandbox.base_url("toast")) as toast,
    ):
        [merchant] = sandbox.merchants("toast")
        toast.add_integration(merchant["id"], code="c")
        for hours in (9, 30):
            rows = [
                order
                for location in merchant["locations"]
                for order in toast.orders(location["id"], ANCHOR - timedelta(days=24), ANCHOR + timedelta(days=9))
            ]
            seen.append({(row["guid"], row["modifiedDate"]): json.dumps(row, default=str) for row in rows})
            sandbox.advance(hours=hours)
    common = seen[0].keys() & seen[1].keys()

    assert len(common) > 1000
    assert len(common) < len(seen[0])
    assert [key for key in common if seen[0][key] != seen[1][key]] == []


def test_window_up_to_the_present_follows_a_world_that_was_moved_on() -> None:
    """Clients know the machine's clock only; what a world ahead of it has just sold is the present to them."""
    with (
        running_sandbox(days=1, sales_per_day=5, merchants=(CAFES,)) as sandbox,
        partner(sandbox.base_url("toast")) as toast,
    ):
        [cafes] = sandbox.merchants("toast")
        toast.add_integration(cafes["id"], code="code")
        sandbox.advance(hours=6)
        sandbox.advance(sales=3)
        present = datetime.now(UTC)

        sold = [
            order
            for location in cafes["locations"]
            for order in toast.orders(location["id"], present - timedelta(minutes=5), present + timedelta(minutes=5))
        ]

    sixth_hour = present + timedelta(hours=5, minutes=50)
    assert len([order for order in sold if moment(order["openedDate"]) > sixth_hour]) == 3
