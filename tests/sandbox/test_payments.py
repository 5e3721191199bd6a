"""ListPayments and ListPaymentRefunds, with the defaults that surprise clients."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from pos_pipeline.sandbox import Sandbox
from tests.sandbox import reading
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.reading import moment


def ids(rows: Any) -> list[str]:
    """Ids in order."""
    return [row["id"] if isinstance(row, dict) else row.id for row in rows]


def test_the_sdk_pages_through_all_payments(
    square: Square, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """The official pager sees every payment of a location once, newest first."""
    location_id = merchants["cafes"]["locations"][1]["id"]
    rows = list(square.payments.list(location_id=location_id, begin_time=reading.PAST))
    expected = [p for p in reading.payments(http, merchants["cafes"]) if p["location_id"] == location_id]

    assert len(rows) > 100
    assert sorted(ids(rows)) == sorted(ids(expected))
    assert all(moment(a.created_at) >= moment(b.created_at) for a, b in pairwise(rows))


def test_without_a_location_only_the_main_one_is_read(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Not all locations, as one would expect."""
    rows = list(
        reading.pages(
            http,
            "GET",
            "/v2/payments",
            "payments",
            arguments={"begin_time": reading.PAST},
            token=merchants["cafes"]["access_token"],
        )
    )

    assert {row["location_id"] for row in rows} == {merchants["cafes"]["locations"][0]["id"]}


def test_refunds_without_a_location_are_of_all(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """Unlike payments."""
    known = {location["id"] for location in merchants["cafes"]["locations"]}
    seen = {row.location_id for row in square.refunds.list(begin_time=reading.PAST)}

    assert len(seen) > 1
    assert seen <= known


def test_limits_above_a_hundred_are_replaced(http: httpx.Client) -> None:
    """Silently."""
    page = http.get("/v2/payments", params={"limit": 5000, "begin_time": reading.PAST}).json()

    assert 0 < len(page["payments"]) <= 100
    assert page["cursor"]


def test_changes_are_read_in_order_of_change(square: Square) -> None:
    """An updated_at window with the matching sort gives exactly its payments, ascending, bounds included."""
    everything = list(square.payments.list(begin_time=reading.PAST, sort_field="UPDATED_AT", sort_order="ASC"))
    start, end = everything[10].updated_at, everything[120].updated_at
    window = square.payments.list(
        begin_time=reading.PAST,
        updated_at_begin_time=start,
        updated_at_end_time=end,
        sort_field="UPDATED_AT",
        sort_order="ASC",
    )

    assert ids(window) == ids(everything[10:121])


def test_a_change_window_is_also_cut_by_creation(http: httpx.Client) -> None:
    """Both windows hold at once: a payment created outside begin_time is invisible, however lately it changed."""
    changed = {"updated_at_begin_time": reading.PAST}
    created = {
        "begin_time": (ANCHOR + timedelta(days=900)).isoformat(),
        "end_time": (ANCHOR + timedelta(days=901)).isoformat(),
    }

    assert http.get("/v2/payments", params=changed).json()["payments"]
    assert http.get("/v2/payments", params=changed | created).json() == {}


def test_an_empty_list_has_no_key(http: httpx.Client) -> None:
    """`{}`, not `{"payments": []}`."""
    future = (ANCHOR + timedelta(days=400)).isoformat()

    assert http.get("/v2/payments", params={"updated_at_begin_time": future}).json() == {}


def test_a_window_that_ends_before_it_begins_is_refused(http: httpx.Client) -> None:
    """400 INVALID_TIME_RANGE."""
    answer = http.get("/v2/payments", params={"begin_time": "2026-02-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_TIME_RANGE")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"limit": "many"}, "EXPECTED_INTEGER"),
        ({"limit": 0}, "VALUE_TOO_LOW"),
        ({"sort_order": "UP"}, "INVALID_ENUM_VALUE"),
        ({"begin_time": "yesterday"}, "INVALID_TIME"),
        ({"begin_time": "2026-01-01T00:00:00"}, "INVALID_TIME"),
        ({"cursor": "made-up"}, "INVALID_CURSOR"),
    ],
)
def test_bad_arguments_are_named(http: httpx.Client, arguments: dict[str, Any], code: str) -> None:
    """400 with the field at fault."""
    answer = http.get("/v2/payments", params=arguments)

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], error["field"]) == (400, code, next(iter(arguments)))


def test_a_missing_payment_is_not_found(square: Square) -> None:
    """404 NOT_FOUND, as in Square's own example."""
    with pytest.raises(ApiError) as refused:
        square.payments.get("nope")
    assert (refused.value.status_code, refused.value.errors[0].code) == (404, "NOT_FOUND")


def test_one_payment_is_the_listed_one(square: Square) -> None:
    """GetPayment shows what ListPayments shows."""
    listed = next(iter(square.payments.list(begin_time=reading.PAST)))

    assert square.payments.get(listed.id).payment == listed


def test_a_refund_touches_its_payment_and_its_order(square: Square) -> None:
    """The payment stays COMPLETED with refund ids, the sale order moves, a return order holds the goods."""
    refund = next(
        r for r in square.refunds.list(begin_time=reading.PAST) if r.status == "COMPLETED" and r.reason != "Cambio"
    )
    payment = square.payments.get(refund.payment_id).payment
    sale = square.orders.get(payment.order_id).order
    returned = square.orders.get(refund.order_id).order

    assert (payment.status, payment.refund_ids) == ("COMPLETED", [refund.id])
    assert payment.refunded_money == refund.amount_money
    assert moment(payment.updated_at) > moment(refund.created_at)
    assert moment(sale.updated_at) > moment(refund.created_at)
    assert returned.returns[0].source_order_id == sale.id
    assert returned.return_amounts.total_money == refund.amount_money
    assert returned.total_money.amount == 0
    assert returned.refunds[0].status == "APPROVED"


def test_a_late_fee_moves_the_payment(
    sandbox: Sandbox, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """A card payment without its fee gets it later, and its updated_at moves with it."""
    merchant = merchants["cafes"]
    sandbox.advance(sales=200, merchant_id=merchant["id"])
    bare = {
        p["id"]: p
        for p in reading.payments(http, merchant)
        if p["source_type"] == "CARD" and p["status"] == "COMPLETED" and "processing_fee" not in p
    }
    sandbox.advance(hours=30)
    now = {p["id"]: p for p in reading.payments(http, merchant)}

    assert bare
    for identifier, before in bare.items():
        assert now[identifier]["processing_fee"]
        assert moment(now[identifier]["updated_at"]) > moment(before["updated_at"])


def test_fractions_of_seconds_are_mixed(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """From none to nine digits, in one list."""
    stamps = [p["updated_at"] for p in reading.payments(http, merchants["cadena"])]
    lengths = {len(match[1]) if (match := re.search(r"\.(\d+)Z$", stamp)) else 0 for stamp in stamps}

    assert {0, 2, 3, 6, 9} <= lengths | {0}
    assert len(lengths) >= 5


def test_offline_payments_tell_both_times(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """The servers' created_at is hours after the till's client_created_at."""
    offline = [p for p in reading.payments(http, merchants["cadena"]) if p.get("is_offline_payment")]

    assert offline
    for payment in offline:
        lag = moment(payment["created_at"]) - moment(payment["offline_payment_details"]["client_created_at"])
        assert timedelta(hours=1) <= lag <= timedelta(hours=72)
