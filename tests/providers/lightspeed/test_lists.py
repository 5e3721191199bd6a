"""Lists by version: read to their real end, from where the last reading came to, and never round in circles."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from fakes.lightspeed_shelf import FIRST_VERSION, Row, Shelf, sale

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Page, Position, Source
from pos_pipeline.providers.lightspeed.lists import OVERLAP
from pos_pipeline.providers.lightspeed.source import LISTS, STREAMS, read_stream

GAP = 10 * OVERLAP


def source(switched_off: Sequence[str] = ()) -> Source:
    """A merchant with two shops."""
    return Source(UUID(int=1), "panaderia-sol", ("O1", "O2"), {}, frozenset(switched_off))


def read(shelf: Shelf, stream: str = "sales", since: Position | None = 0, **about: Any) -> list[Page]:
    """All pages of a live reading."""
    return list(read_stream(shelf, source(**about), stream, since))


def ids(pages: list[Page]) -> list[str]:
    """What was brought, in order."""
    return [record.id for page in pages for record in page.records]


def spread(count: int) -> list[Row]:
    """Sales whose versions lie further apart than the overlap."""
    return [sale(number, version=FIRST_VERSION + number * GAP) for number in range(count)]


def test_only_an_empty_page_ends_a_list() -> None:
    """Short pages are followed by others; every row comes once and in the order of change."""
    shelf = Shelf({"sales": [sale(number) for number in range(23)]}, most_rows=7, comes_short=True)

    assert ids(read(shelf)) == [f"s{number}" for number in range(23)]
    assert shelf.queries("sales")[-1]["after"] == FIRST_VERSION + 22


def test_next_page_begins_after_the_highest_version() -> None:
    """`after` is exclusive; sales come 500 at a time, everything else 1000."""
    shelf = Shelf({"sales": spread(2), "users": [{"id": "u", "version": FIRST_VERSION}]})

    read(shelf)
    read(shelf, "users", None)

    assert shelf.queries("sales") == [
        {"after": 0, "page_size": 500},
        {"after": FIRST_VERSION + GAP, "page_size": 500},
    ]
    assert shelf.queries("users") == [{"after": 0, "page_size": 1000}, {"after": FIRST_VERSION, "page_size": 1000}]


def test_sale_that_changes_while_it_is_read_comes_again_later() -> None:
    """Nothing is skipped by what others write meanwhile: the changed sale has moved to the end."""
    rows = spread(4)
    shelf = Shelf({"sales": rows}, most_rows=2)
    pages = read_stream(shelf, source(), "sales", 0)
    first = next(pages)
    rows[0]["version"] = FIRST_VERSION + 9 * GAP

    assert ids([first, *pages]) == ["s0", "s1", "s2", "s3", "s0"]


def test_nothing_new_costs_one_request() -> None:
    """One row beyond the position is asked for; as there is none, the overlap is not read."""
    shelf = Shelf({"sales": spread(3)})
    position = FIRST_VERSION + 2 * GAP

    assert read(shelf, since=position - OVERLAP) == []
    assert shelf.queries("sales") == [{"after": position, "page_size": 1}]


def test_something_new_brings_the_overlap_along() -> None:
    """A lower version that became visible late is found as soon as anything is new."""
    position = FIRST_VERSION + 2 * GAP
    late, new = sale(7, version=position - OVERLAP + 1), sale(8, version=position + 1)
    shelf = Shelf({"sales": [*spread(3), late, new]})

    assert ids(read(shelf, since=position - OVERLAP)) == ["s7", "s2", "s8"]


def test_deleted_objects_are_asked_for_where_that_can_be() -> None:
    """Sales bring them anyway, users and taxes have no such parameter."""
    shelf = Shelf()
    for stream in LISTS:
        read(shelf, stream, None)

    asked = {path.removeprefix("/api/2.0/") for path, query in shelf.asked if query.get("deleted") == "true"}
    assert asked == {"products", "customers", "outlets", "registers", "payment_types"}


def test_sales_of_shops_that_are_switched_off_stay_out() -> None:
    """They move the position all the same; a shop nobody has heard of yet is new and stays in."""
    rows = [sale(1), sale(2, outlet_id="O2"), sale(3, outlet_id="O3"), sale(4, outlet_id="O2")]

    pages = read(Shelf({"sales": rows}), switched_off=["O2"])

    assert ids(pages) == ["s1", "s3"]
    assert pages[-1].position == FIRST_VERSION + 4


def test_registers_of_shops_that_are_switched_off_stay_in() -> None:
    """Only what is sold is left out: older sales still point at the till."""
    rows = [{"id": "r", "outlet_id": "O2", "version": 5}]

    assert ids(read(Shelf({"registers": rows}), "registers", switched_off=["O2"])) == ["r"]


def test_sellable_products_are_told() -> None:
    """Variants can be sold, the row above them and what is deleted cannot."""
    rows = [
        {"id": "above", "version": 5, "has_variants": True, "active": True},
        {"id": "small", "version": 6, "variant_parent_id": "above", "active": True},
        {"id": "old", "version": 7, "active": True, "deleted_at": "2026-09-01T00:00:00+00:00"},
    ]

    pages = read(Shelf({"products": rows}), "products", None)

    assert [product for page in pages for product in page.product_ids] == ["small"]
    assert ids(pages) == ["above", "small", "old"]


def test_row_without_version_is_set_aside_and_the_list_goes_on() -> None:
    """The page's own word tells where to go on."""
    shelf = Shelf(
        scripted={
            "taxes": lambda query: (
                {"data": [{"id": "t"}], "version": {"max": 9}} if query["after"] < 9 else {"data": []}
            )
        }
    )

    [page] = read(shelf, "taxes", None)

    assert (len(page.records), [reject.reason for reject in page.rejects]) == (0, ["no usable key: it has no version"])


@pytest.mark.parametrize("bounds", [None, {"min": 1, "max": 5}, {"min": None, "max": None}])
def test_list_that_does_not_lead_on_is_refused(bounds: object) -> None:
    """A server that ignores `after` would be read for ever."""
    shelf = Shelf(scripted={"users": lambda _: {"data": [{"id": "u", "version": 5}], "version": bounds}})

    with pytest.raises(UnexpectedPayload, match="1 users after version 5 reach version 5"):
        read(shelf, "users", None)
    assert len(shelf.asked) == 2


def test_unversioned_list_is_refused() -> None:
    """Rows without versions under no bounds lead nowhere, and are not taken for an empty list."""
    shelf = Shelf(scripted={"users": lambda _: {"data": [{"id": "u"}]}})

    with pytest.raises(UnexpectedPayload, match="reach version None"):
        read(shelf, "users", None)


def test_every_list_is_a_stream_that_counts_by_version() -> None:
    """Positions of what has versions are numbers; what is read whole has none."""
    by_number = {stream.name for stream in STREAMS if isinstance(stream.overlap, int)}

    assert by_number == set(LISTS)


def test_unknown_stream_is_refused() -> None:
    """The message lists the streams there are."""
    with pytest.raises(UnexpectedPayload, match="payment_types"):
        read(Shelf(), "tips")
