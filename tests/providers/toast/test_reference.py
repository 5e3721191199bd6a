"""The menu, the staff, the settings and the restaurant itself."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from fakes.toast_kitchen import RESTAURANT, Kitchen, stamp

from pos_pipeline.errors import (
    CursorExpired,
    MissingScope,
    NotFound,
    ProviderUnavailable,
    Unauthorised,
    UnexpectedPayload,
)
from pos_pipeline.provider import Answer, Location, Page, Position, Source
from pos_pipeline.providers.toast import PROVIDER
from pos_pipeline.providers.toast.reference import SETTINGS
from pos_pipeline.providers.toast.source import STREAMS, read_stream

NOON = datetime(2026, 9, 18, 12, tzinfo=UTC)
METADATA, MENUS = "/menus/v2/metadata", "/menus/v2/menus"
ITSELF = f"/restaurants/v1/restaurants/{RESTAURANT}"


def read(kitchen: Kitchen, stream: str, since: Position | None = None) -> list[Page]:
    """All pages of a stream, at noon."""
    source = Source(UUID(int=1), RESTAURANT, (RESTAURANT,), {"restaurant": RESTAURANT}, now=NOON)
    return list(read_stream(kitchen, source, stream, since))


def with_menu(published_at: datetime, menus: object) -> Kitchen:
    """A restaurant with a published menu."""
    told = {"restaurantGuid": RESTAURANT, "lastUpdated": stamp(published_at)}
    answers = {METADATA: json.dumps(told).encode(), MENUS: json.dumps(told | {"menus": menus}).encode()}
    return Kitchen(answers=answers)


def restaurant(**general: Any) -> Kitchen:
    """A restaurant that shows itself."""
    usual = {"name": "Larkspur", "timeZone": "America/New_York", "currencyCode": "USD", "closeoutHour": 4}
    body = {"guid": RESTAURANT, "general": usual | {"locationName": "Harbour", "archived": False} | general}
    return Kitchen(answers={ITSELF: json.dumps(body).encode()})


def test_menu_is_one_object_with_all_its_items() -> None:
    """The whole document is stored; items are found at any depth, each once, whatever else is in there."""
    menus = [
        {"menuGroups": [{"menuItems": [{"guid": "a"}], "menuGroups": [{"menuItems": [{"guid": "b"}, {"guid": "a"}]}]}]},
        {"menuGroups": [{"menuItems": None}, None, {"menuItems": [{"guid": 7}, {"guid": ""}, "x", {"guid": "c"}]}]},
        5,
    ]
    kitchen = with_menu(NOON - timedelta(hours=3), menus)

    [page] = read(kitchen, "menus")

    [record] = page.records
    assert (record.id, record.location_id, record.version_at) == (RESTAURANT, RESTAURANT, NOON - timedelta(hours=3))
    assert record.payload == kitchen.answers[MENUS]
    assert list(page.product_ids) == ["a", "b", "c"]


def test_menu_is_fetched_only_when_published_anew() -> None:
    """The document is large: its date is asked for first, and mostly that is all."""
    kitchen = with_menu(NOON, [])

    assert read(kitchen, "menus", NOON) == []
    assert len(read(kitchen, "menus", NOON - timedelta(milliseconds=1))) == 1
    assert [path for path, _ in kitchen.asked] == [METADATA, METADATA, MENUS]


@pytest.mark.parametrize("unpublished", [METADATA, MENUS])
def test_restaurant_without_a_menu_has_no_rows(unpublished: str) -> None:
    """404 means that nothing is published; the sync is a success."""
    kitchen = with_menu(NOON, [])
    kitchen.answers[unpublished] = NotFound("toast: answered 404")

    assert read(kitchen, "menus") == []


def test_employees_are_read_whole() -> None:
    """Those who left are among them; who has no date is filed under the present."""
    rows = [
        {"guid": "e1", "modifiedDate": stamp(NOON - timedelta(days=9)), "deleted": True},
        {"guid": "e2", "createdDate": stamp(NOON - timedelta(days=8)), "modifiedDate": None},
        {"guid": "e3"},
    ]
    [page] = read(Kitchen(answers={"/labor/v1/employees": json.dumps(rows).encode()}), "employees")

    assert [(record.id, (NOON - record.version_at).days) for record in page.records] == [
        ("e1", 9),
        ("e2", 8),
        ("e3", 0),
    ]


def paged(*pages: list[str], dies: int = 0) -> Callable[[Mapping[str, Any]], Answer]:
    """A list in pages, whose tokens are refused so many times with 409."""
    refusals = iter([True] * dies)

    def answer(query: Mapping[str, Any]) -> Answer:
        number = int(query.get("pageToken", "0"))
        if number and next(refusals, False):
            raise CursorExpired("toast: answered 409")
        rows = [{"guid": guid, "entityType": "X"} for guid in pages[number]]
        following = {"toast-next-page-token": str(number + 1)} if number + 1 < len(pages) else {}
        return Answer(json.dumps(rows).encode(), following)

    return answer


def settings(first: Callable[[Mapping[str, Any]], Answer]) -> Kitchen:
    """A restaurant whose first list of settings is this one and whose others are empty."""
    paths = [f"/config/v2/{resource}" for resource in SETTINGS]
    return Kitchen(answers=dict.fromkeys(paths, b"[]") | {paths[0]: first})


def test_settings_follow_the_token_in_the_header() -> None:
    """Every list is read to its end; its pages are the records of one stream."""
    kitchen = settings(paged(["a", "b"], ["c"]))
    found = [record.id for page in read(kitchen, "configuration") for record in page.records]

    assert found == ["a", "b", "c"]
    assert [path.removeprefix("/config/v2/") for path, _ in kitchen.asked] == ["alternatePaymentTypes", *SETTINGS]
    assert kitchen.asked[1][1] == {"pageToken": "1"}


def test_list_that_is_published_meanwhile_begins_again() -> None:
    """After a 409 the list is read from its start; what the first attempt brought is not stored twice."""
    found = [
        record.id
        for page in read(settings(paged(["a", "b"], ["c"], dies=2)), "configuration")
        for record in page.records
    ]

    assert found == ["a", "b", "c"]


def test_list_that_is_published_again_and_again_waits_for_the_next_sync() -> None:
    """Three times are enough for one sync."""
    with pytest.raises(ProviderUnavailable, match="published 3 times while alternatePaymentTypes was read"):
        read(settings(paged(["a"], ["b"], dies=9)), "configuration")


def test_list_that_goes_round_in_circles_is_refused() -> None:
    """A token that comes again would be followed for ever."""
    circle = settings(lambda _: Answer(b"[]", {"toast-next-page-token": "same"}))

    with pytest.raises(UnexpectedPayload, match="same page token again and again"):
        read(circle, "configuration")


def test_restaurant_is_a_stream_and_a_shop() -> None:
    """One object, asked for with the archived ones, since a closed restaurant has a past."""
    kitchen = restaurant()
    [page] = read(kitchen, "restaurants")

    assert [(record.id, record.payload) for record in page.records] == [(RESTAURANT, kitchen.answers[ITSELF])]
    assert kitchen.asked == [(ITSELF, {"includeArchived": "true"})]
    assert PROVIDER.locations(kitchen) == (
        Location(RESTAURANT, "Harbour", "America/New_York", "USD", day_closes_at=time(4)),
    )


@pytest.mark.parametrize(
    ("general", "name", "is_active", "closes_at"),
    [
        ({"locationName": ""}, "Larkspur", True, time(4)),
        ({"locationName": None, "name": None}, RESTAURANT, True, time(4)),
        ({"archived": True}, "Harbour", False, time(4)),
        ({"closeoutHour": 0}, "Harbour", True, time(0)),
        ({"closeoutHour": None}, "Harbour", True, None),
        ({"closeoutHour": 99}, "Harbour", True, None),
    ],
)
def test_shop_as_far_as_toast_describes_it(
    general: dict[str, Any], name: str, is_active: bool, closes_at: time | None
) -> None:
    """What is missing is left open; an hour that is none is not believed."""
    [shop] = PROVIDER.locations(restaurant(**general))

    assert (shop.name, shop.is_active, shop.day_closes_at) == (name, is_active, closes_at)


@pytest.mark.parametrize("missing", ["timeZone", "currencyCode"])
def test_restaurant_that_cannot_be_booked_is_not_linked(missing: str) -> None:
    """Without a time zone or a currency every figure would be a guess."""
    with pytest.raises(UnexpectedPayload, match=f"has no {missing}; set it in Toast Web"):
        PROVIDER.locations(restaurant(**{missing: None}))


def refuses(*paths: str, kitchen: Kitchen) -> Kitchen:
    """The restaurant, whose paths answer 403."""
    kitchen.answers |= {path: MissingScope("toast: answered 403", "") for path in paths}
    return kitchen


def test_missing_scope_and_lost_restaurant_are_told_apart() -> None:
    """A restaurant that still shows itself lacks a scope; one that does not has gone."""
    with pytest.raises(MissingScope):
        read(refuses("/labor/v1/employees", kitchen=restaurant()), "employees")
    with pytest.raises(Unauthorised, match=f"restaurant {RESTAURANT} does not let us read anything"):
        read(refuses("/labor/v1/employees", ITSELF, kitchen=restaurant()), "employees")


def test_refusal_stands_when_nothing_else_is_known() -> None:
    """If the restaurant does not answer just then, the stream's own refusal is what is said."""
    kitchen = refuses("/labor/v1/employees", kitchen=restaurant())
    kitchen.answers[ITSELF] = ProviderUnavailable("toast: answered 503")

    with pytest.raises(MissingScope):
        read(kitchen, "employees")


def test_unknown_stream_is_refused() -> None:
    """The message lists the streams there are."""
    with pytest.raises(UnexpectedPayload, match="restaurants"):
        read(Kitchen(), "tips")


def test_streams_ask_for_read_scopes_only() -> None:
    """One notion of a sale, one stream that tells of shops, nothing to write."""
    assert [stream.name for stream in STREAMS if stream.counts_as_transactions] == ["orders"]
    assert [stream.name for stream in STREAMS if stream.describes_locations] == ["restaurants"]
    assert all(scope.endswith(":read") for scope in PROVIDER.scopes)
    assert set(PROVIDER.scopes) == {stream.scope for stream in STREAMS}
