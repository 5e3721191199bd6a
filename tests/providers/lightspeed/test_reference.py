"""What is read whole: categories, the retailer, and shops as accounts need them."""

from typing import Any
from uuid import UUID

import pytest
from fakes.lightspeed_shelf import Shelf

from pos_pipeline.errors import CursorExpired, ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Location, Page, Source
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.providers.lightspeed.source import read_stream

SOURCE = Source(UUID(int=1), "panaderia-sol", ("O1",), {}, frozenset())
RETAILER = {
    "id": "R1",
    "domain_prefix": "panaderia-sol",
    "name": "Panadería Sol",
    "timezone": "Europe/Madrid",
    "currency": {"code": "EUR", "symbol": "€"},
    "version": "9876543210",
}


def read(shelf: Shelf, stream: str) -> list[Page]:
    """All pages of a snapshot."""
    return list(read_stream(shelf, SOURCE, stream))


def categories(query: dict[str, Any]) -> object:
    """Three categories, two a page, by a place of which only the server knows the meaning."""
    rows = [{"id": f"c{number}", "name": "Pan", "leaf_category": True} for number in range(3)]
    if query.get("after") == "c1":
        return {"page_info": {"has_next": False}, "data": {"categories": rows[2:]}}
    return {"page_info": {"has_next": True, "last_seen": "c1"}, "data": {"categories": rows[:2]}}


def test_categories_are_followed_to_the_last_page() -> None:
    """The list says itself where it goes on and where it ends."""
    shelf = Shelf(scripted={"product_categories": categories})

    [page] = read(shelf, "product_categories")

    assert [(record.id, record.version_no) for record in page.records] == [("c0", None), ("c1", None), ("c2", None)]
    assert [query.get("after") for query in shelf.queries("product_categories")] == [None, "c1"]


def test_place_that_is_not_known_any_more_restarts_the_list() -> None:
    """Nothing was handed on by then, so no category comes twice."""
    deaths = iter([True, False])

    def answer(query: dict[str, Any]) -> object:
        if query.get("after") and next(deaths):
            raise CursorExpired("lightspeed: answered 422 for after")
        return categories(query)

    [page] = read(Shelf(scripted={"product_categories": answer}), "product_categories")

    assert [record.id for record in page.records] == ["c0", "c1", "c2"]


def test_list_that_always_breaks_off_is_an_outage() -> None:
    """We do not begin for ever."""

    def answer(query: dict[str, Any]) -> object:
        if query.get("after"):
            raise CursorExpired("lightspeed: answered 422 for after")
        return categories(query)

    with pytest.raises(ProviderUnavailable, match="again and again"):
        read(Shelf(scripted={"product_categories": answer}), "product_categories")


@pytest.mark.parametrize("place", [None, "", "c1"])
def test_next_page_without_a_new_place_is_refused(place: str | None) -> None:
    """A list that points to itself, or nowhere, would be read for ever or taken for whole."""
    shelf = Shelf(
        scripted={
            "product_categories": lambda _: {
                "page_info": {"has_next": True, "last_seen": place},
                "data": {"categories": [{"id": "c1"}]},
            }
        }
    )

    with pytest.raises(UnexpectedPayload, match="does not say where"):
        read(shelf, "product_categories")


def test_retailer_is_one_record() -> None:
    """Its version is text."""
    [page] = read(Shelf(scripted={"retailer": lambda _: {"data": RETAILER}}), "retailer")

    assert [(record.id, record.version_no, record.location_id) for record in page.records] == [("R1", 9876543210, "")]


@pytest.mark.parametrize("stream", ["retailer", "product_categories"])
@pytest.mark.parametrize("body", [b"{}", b'{"data": null}', b'{"data": []}', b"[]", b'{"errors": {"global": []}}'])
def test_answer_of_another_kind_is_refused(stream: str, body: bytes) -> None:
    """Never taken for a merchant without categories."""
    if (stream, body) in {("retailer", b'{"data": null}'), ("retailer", b'{"data": []}')}:
        [page] = read(Shelf(scripted={stream: lambda _: body}), stream)
        assert (len(page.records), len(page.rejects)) == (0, 1)
        return
    with pytest.raises(UnexpectedPayload, match=f"{stream} page of {len(body)} bytes"):
        read(Shelf(scripted={stream: lambda _: body}), stream)


def test_shops_have_names_zones_and_currencies() -> None:
    """Deleted outlets are shops with a past; the retailer is asked for what an outlet does not say."""
    outlets = [
        {"id": "O1", "name": "Centro", "time_zone": "Europe/Madrid", "currency": "EUR", "version": 5},
        {"id": "O2", "name": "Puerto", "time_zone": "Atlantic/Canary", "version": 6, "deleted_at": "2026-01-01T00:00Z"},
    ]
    shelf = Shelf({"outlets": outlets}, scripted={"retailer": lambda _: {"data": RETAILER}})

    assert PROVIDER.locations(shelf) == [
        Location("O1", "Centro", "Europe/Madrid", "EUR"),
        Location("O2", "Puerto", "Atlantic/Canary", "EUR", is_active=False),
    ]
    assert shelf.queries("outlets")[0]["deleted"] == "true"


def test_retailer_is_not_asked_in_vain() -> None:
    """A grant without its scopes can still be linked when the outlets tell everything."""
    outlet = {"id": "O1", "name": "Centro", "time_zone": "Europe/Madrid", "currency": "EUR", "version": 5}
    shelf = Shelf({"outlets": [outlet]})

    PROVIDER.locations(shelf)

    assert shelf.queries("retailer") == []


@pytest.mark.parametrize("outlet", [{"name": ["Centro"]}, {"currency": {"code": "EUR"}}, {"time_zone": 1}])
def test_outlet_of_another_shape_is_refused(outlet: dict[str, object]) -> None:
    """An account is not made of what we cannot read."""
    whole = {"id": "O1", "name": "Centro", "time_zone": "Europe/Madrid", "currency": "EUR", "version": 5} | outlet

    with pytest.raises(UnexpectedPayload, match="outlets page"):
        PROVIDER.locations(Shelf({"outlets": [whole]}))
