"""Catalog: list, search with deleted objects, batch-retrieve."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from pos_pipeline.sandbox import Sandbox
from tests.sandbox import reading
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.reading import moment

KINDS = ["ITEM", "ITEM_VARIATION", "CATEGORY", "TAX", "DISCOUNT", "MODIFIER_LIST", "MODIFIER"]


def test_lists_never_show_deleted_objects(square: Square) -> None:
    """And leave nested kinds out unless they are named."""
    objects = list(square.catalog.list())

    assert {o.type for o in objects} == {"ITEM", "CATEGORY", "TAX", "DISCOUNT", "MODIFIER_LIST"}
    assert not any(o.is_deleted for o in objects)


def test_deleted_objects_come_on_request(square: Square) -> None:
    """A deleted item and its variations share the time of deletion and carry almost nothing."""
    plain = square.catalog.search(object_types=KINDS)
    whole = square.catalog.search(object_types=KINDS, include_deleted_objects=True)
    deleted = [o for o in whole.objects if o.is_deleted]
    item = next(o for o in deleted if o.type == "ITEM")
    variations = [o for o in deleted if o.type == "ITEM_VARIATION" and o.item_variation_data.item_id == item.id]

    assert not any(o.is_deleted for o in plain.objects)
    assert {o.updated_at for o in variations} == {item.updated_at}
    assert item.item_data.variations is None


def test_begin_time_is_exclusive_and_latest_time_continues(sandbox: Sandbox, square: Square) -> None:
    """Searching from latest_time finds nothing until Monday brings a new special and new prices."""
    first = square.catalog.search(object_types=KINDS, include_deleted_objects=True)
    nothing = square.catalog.search(object_types=KINDS, include_deleted_objects=True, begin_time=first.latest_time)
    sandbox.advance(hours=7 * 24)
    news = square.catalog.search(object_types=KINDS, include_deleted_objects=True, begin_time=first.latest_time)

    assert nothing.objects is None
    assert any(o.type == "ITEM" and not o.is_deleted for o in news.objects)
    assert any(o.type == "ITEM" and o.is_deleted for o in news.objects)
    assert all(moment(o.updated_at) > moment(first.latest_time) for o in news.objects)
    assert moment(news.latest_time) > ANCHOR - timedelta(days=1)


def test_search_pages(square: Square) -> None:
    """Limit and cursor walk through the same objects in order of change."""
    whole = square.catalog.search(object_types=["ITEM_VARIATION"], include_deleted_objects=True)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = square.catalog.search(
            object_types=["ITEM_VARIATION"], include_deleted_objects=True, limit=20, cursor=cursor
        )
        seen.extend(o.id for o in page.objects or ())
        cursor = page.cursor
        if not cursor:
            break

    assert seen == [o.id for o in whole.objects]


def test_sold_variations_are_in_the_catalog(
    square: Square, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """Every line's catalog_object_id is a variation, present or deleted."""
    known = {o.id for o in square.catalog.search(object_types=["ITEM_VARIATION"], include_deleted_objects=True).objects}
    lines = [line for order in reading.orders(http, merchants["cafes"]) for line in order.get("line_items", ())]
    sold = {line["catalog_object_id"] for line in lines if "catalog_object_id" in line}

    assert sold
    assert sold <= known


def test_batch_retrieve_and_object_agree(square: Square) -> None:
    """One object, three ways to read it; unknown ids are left out."""
    listed = next(o for o in square.catalog.list(types="ITEM"))
    batch = square.catalog.batch_get(object_ids=[listed.id, "unknown"])

    assert batch.objects == [listed]
    assert square.catalog.object.get(listed.id).object == listed
    with pytest.raises(ApiError):
        square.catalog.object.get("unknown")


def test_related_objects_on_request(square: Square) -> None:
    """Categories and taxes of the items found."""
    answer = square.catalog.search(object_types=["ITEM"], include_related_objects=True)

    assert {o.type for o in answer.related_objects} == {"CATEGORY", "TAX"}


def test_limits_are_told(square: Square) -> None:
    """CatalogInfo."""
    assert square.catalog.info().limits.batch_retrieve_max_object_ids == 1000
