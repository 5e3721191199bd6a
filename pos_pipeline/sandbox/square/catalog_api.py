"""Catalog: list, search, batch-retrieve, one object, and the limits."""

from typing import Any

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.square.call import Call, texts, whole_number
from pos_pipeline.sandbox.square.errors import invalid, not_found
from pos_pipeline.sandbox.square.listing import place_of
from pos_pipeline.sandbox.square.render.catalog import CatalogObject
from pos_pipeline.sandbox.square.wire import parse_time, rfc3339

LIST_PAGE = 100
LARGEST_SEARCH = 1000
MOST_IDS = 1000
TOP_LEVEL = ("ITEM", "CATEGORY", "TAX", "DISCOUNT", "MODIFIER_LIST")
KINDS = (*TOP_LEVEL, "ITEM_VARIATION", "MODIFIER")
_UNUSED_KINDS = (
    "IMAGE",
    "ITEM_OPTION",
    "ITEM_OPTION_VAL",
    "PRICING_RULE",
    "PRODUCT_SET",
    "TIME_PERIOD",
    "MEASUREMENT_UNIT",
)


def list_catalog(call: Call) -> dict[str, Any]:
    """ListCatalog: never deleted objects, pages of 100."""
    kinds = _kinds([kind.strip() for kind in (call.query.get("types") or "").split(",") if kind.strip()], "types")
    objects = [o for o in _sorted(call) if o.kind in kinds and not o.is_deleted]
    return _page(call, objects, LIST_PAGE, (("types", ",".join(kinds)),), call.query.get("cursor"))


def search_catalog(call: Call) -> dict[str, Any]:
    """SearchCatalogObjects. `begin_time` is exclusive; deleted objects come only when asked for."""
    body = call.body
    kinds = _kinds(texts(body.get("object_types") or [], "object_types"), "object_types")
    begin: Instant | None = parse_time(body["begin_time"], "begin_time") if body.get("begin_time") else None
    with_deleted = bool(body.get("include_deleted_objects"))
    if with_deleted and body.get("include_category_path_to_root"):
        raise invalid("CONFLICTING_PARAMETERS", "include_category_path_to_root excludes include_deleted_objects.")
    every = _sorted(call)
    objects = [
        o
        for o in every
        if o.kind in kinds and (with_deleted or not o.is_deleted) and (begin is None or o.updated > begin)
    ]
    fingerprint = (("kinds", ",".join(kinds)), ("begin", str(begin)), ("deleted", str(with_deleted)))
    limit = _advisory(body.get("limit"))
    answer = _page(call, objects, limit, fingerprint, body.get("cursor"))
    if body.get("include_related_objects") and answer.get("objects"):
        related = _related(every, answer["objects"])
        if related:
            answer["related_objects"] = related
    return answer | {"latest_time": rfc3339(every[-1].updated)}


def batch_retrieve(call: Call) -> dict[str, Any]:
    """BatchRetrieveCatalogObjects: at most 1000 ids; unknown ones are left out."""
    wanted = texts(call.body.get("object_ids") or [], "object_ids", MOST_IDS)
    if not wanted:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Missing required parameter.", "object_ids")
    by_id = {o.id: o for o in _sorted(call)}
    with_deleted = bool(call.body.get("include_deleted_objects"))
    found = [by_id[i] for i in wanted if i in by_id and (with_deleted or not by_id[i].is_deleted)]
    return {"objects": [o.body for o in found]} if found else {}


def retrieve_object(call: Call) -> dict[str, Any]:
    """RetrieveCatalogObject; a deleted one is gone."""
    wanted = call.path["object_id"]
    for o in _sorted(call):
        if o.id == wanted and not o.is_deleted:
            return {"object": o.body}
    raise not_found("catalog object", wanted)


def info(_: Call) -> dict[str, Any]:
    """CatalogInfo: the live limits."""
    return {
        "limits": {
            "batch_upsert_max_objects_per_batch": 1000,
            "batch_upsert_max_total_objects": 10_000,
            "batch_retrieve_max_object_ids": MOST_IDS,
            "search_max_page_limit": LARGEST_SEARCH,
            "batch_delete_max_object_ids": 200,
        },
        "standard_unit_description_group": {},
    }


def _sorted(call: Call) -> list[CatalogObject]:
    return call.cloud.catalog_of(call.book)


def _kinds(named: list[str], field: str) -> tuple[str, ...]:
    kinds = tuple(kind.upper() for kind in named) or TOP_LEVEL
    for kind in kinds:
        if kind not in KINDS and kind not in _UNUSED_KINDS:
            raise invalid("INVALID_ENUM_VALUE", f"`{kind}` is not a valid enum value for `{field}`.", field)
    return kinds


def _advisory(value: object) -> int:
    """Out of range means ignored, not refused."""
    if isinstance(value, int) and 1 <= value <= LARGEST_SEARCH:
        return value
    return whole_number(None, "limit", LARGEST_SEARCH, LARGEST_SEARCH, clamp=True)


def _page(
    call: Call, objects: list[CatalogObject], limit: int, query: tuple[tuple[str, str], ...], cursor: str | None
) -> dict[str, Any]:
    place = place_of(call, cursor, query, may_omit=False)
    rest = objects[place.offset :]
    size = limit if len(rest) <= limit else call.cloud.page_size(limit)
    answer: dict[str, Any] = {}
    if rest[:size]:
        answer["objects"] = [o.body for o in rest[:size]]
    if len(rest) > size:
        answer["cursor"] = call.cloud.cursors.issue(place._replace(offset=place.offset + size))
    return answer


def _related(every: list[CatalogObject], bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the objects point at: categories and taxes of items, items of variations."""
    wanted: set[str] = set()
    for body in bodies:
        data = body.get("item_data", {})
        wanted.update(data.get("tax_ids", ()))
        wanted.update(category["id"] for category in data.get("categories", ()))
        wanted.update(filter(None, [body.get("item_variation_data", {}).get("item_id")]))
    wanted -= {body["id"] for body in bodies}
    return [o.body for o in every if o.id in wanted]
