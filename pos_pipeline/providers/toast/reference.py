"""What a restaurant is and has: itself, its menu, its staff, its settings."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

import msgspec

from pos_pipeline.errors import CursorExpired, NotFound, ProviderUnavailable, UnexpectedPayload
from pos_pipeline.http import decode
from pos_pipeline.provider import Api, Location, Page, Record
from pos_pipeline.providers.toast.pages import Instant, Keys, cut, single

METADATA_PATH = "/menus/v2/metadata"
MENUS_PATH = "/menus/v2/menus"
EMPLOYEES_PATH = "/labor/v1/employees"
SETTINGS = (
    "alternatePaymentTypes",
    "diningOptions",
    "discounts",
    "salesCategories",
    "serviceCharges",
    "taxRates",
    "revenueCenters",
)
NEXT_PAGE = "toast-next-page-token"
RESTARTS = 3
LAST_HOUR = 23


class _Published(msgspec.Struct, rename="camel"):
    last_updated: Instant


class _Menus(msgspec.Struct):
    menus: Any = None


class _General(msgspec.Struct, rename="camel"):
    name: str | None = None
    location_name: str | None = None
    time_zone: str | None = None
    currency_code: str | None = None
    closeout_hour: int | None = None
    archived: bool | None = None


class _Restaurant(msgspec.Struct):
    guid: str
    general: _General


def read_menus(api: Api, restaurant: str, since: datetime | None) -> Iterator[Page]:
    """The whole published menu as one object, if it was published after `since`; nothing if none is published."""
    try:
        metadata = decode(api.get(METADATA_PATH), _Published, provider="toast", path=METADATA_PATH)
        if since is not None and metadata.last_updated <= since:
            return
        body = api.get(MENUS_PATH)
    except NotFound:
        return
    try:
        published_at = msgspec.json.decode(body, type=_Published).last_updated
    except msgspec.DecodeError:
        published_at = metadata.last_updated
    menus = decode(body, _Menus, provider="toast", path=MENUS_PATH).menus
    yield Page([Record(restaurant, published_at, body, restaurant)], product_ids=sorted(set(_items(menus))))


def read_employees(api: Api, restaurant: str, now: datetime) -> Iterator[Page]:
    """Everybody who works here; those who left are among them, marked."""
    yield cut(api.get(EMPLOYEES_PATH), Keys, "employees", restaurant, now)


def read_settings(api: Api, restaurant: str, now: datetime) -> Iterator[Page]:
    """The lists that orders refer to. What was archived is in none, so what is stored of it has to be kept."""
    for resource in SETTINGS:
        yield from _settings(api, restaurant, resource, now)


def read_restaurant(api: Api, restaurant: str, now: datetime) -> Iterator[Page]:
    """The restaurant itself."""
    yield cut(single(api.get(*_address(restaurant))), Keys, "restaurants", restaurant, now)


def read_location(api: Api, restaurant: str) -> Location:
    """The restaurant as a shop; it is the only one its credentials' connection knows.

    Raises:
        UnexpectedPayload: it has no time zone or no currency, without which no sale of it can be booked.
    """
    path, query = _address(restaurant)
    general = decode(api.get(path, query), _Restaurant, provider="toast", path=path).general
    if not general.time_zone or not general.currency_code:
        missing = "currencyCode" if general.time_zone else "timeZone"
        raise UnexpectedPayload(f"toast: restaurant {restaurant} has no {missing}; set it in Toast Web.")
    hour = general.closeout_hour
    return Location(
        restaurant,
        general.location_name or general.name or restaurant,
        general.time_zone,
        general.currency_code,
        is_active=not general.archived,
        day_closes_at=time(hour) if hour is not None and 0 <= hour <= LAST_HOUR else None,
    )


def _address(restaurant: str) -> tuple[str, dict[str, str | int]]:
    """Archived restaurants have a past, so they are asked for as well."""
    return f"/restaurants/v1/restaurants/{restaurant}", {"includeArchived": "true"}


def _settings(api: Api, restaurant: str, resource: str, now: datetime) -> list[Page]:
    """One list to its end, from its start again when something was published meanwhile."""
    for _ in range(RESTARTS):
        try:
            return list(_pages(api, restaurant, resource, now))
        except CursorExpired:
            continue
    raise ProviderUnavailable(
        f"toast: the configuration was published {RESTARTS} times while {resource} was read; the next sync tries again."
    )


def _pages(api: Api, restaurant: str, resource: str, now: datetime) -> Iterator[Page]:
    path, token = f"/config/v2/{resource}", ""
    seen = {""}
    while True:
        answer = api.answer(path, {"pageToken": token} if token else {})
        yield cut(answer.body, Keys, resource, restaurant, now)
        token = answer.headers.get(NEXT_PAGE, "")
        if not token:
            return
        if token in seen:
            raise UnexpectedPayload(f"toast: {path} gives the same page token again and again.")
        seen.add(token)


def _items(tree: Any) -> Iterator[str]:
    """GUIDs of all items below; groups nest to any depth, and an item may be in several."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend((node.get("menuGroups"), node.get("menus")))
            items = node.get("menuItems")
            for item in items if isinstance(items, list) else ():
                if isinstance(item, dict) and isinstance(guid := item.get("guid"), str) and guid:
                    yield guid
