"""Restaurants, groups, employees and menus of the restaurant in the header."""

from pos_pipeline.sandbox.toast.call import Answer, Call
from pos_pipeline.sandbox.toast.errors import forbidden, not_found
from pos_pipeline.sandbox.toast.render.menu import published_at, render_menus
from pos_pipeline.sandbox.toast.render.people import render_employee, render_restaurant
from pos_pipeline.sandbox.toast.wire import encode, parse_guid, stamp


def get_restaurant(call: Call) -> Answer:
    """One restaurant, the one of the header."""
    guid = parse_guid(call.path["guid"])
    context = call.book.context
    if guid != context.restaurant_guid:
        raise forbidden(f"Restaurant {guid} is not the one of the header Toast-Restaurant-External-ID")
    is_active = context.merchant.is_active(context.location, call.now)
    return Answer(render_restaurant(context, is_active=is_active))


def group_restaurants(call: Call) -> Answer:
    """GUIDs of a group's restaurants, those included that the client may not read."""
    guid = parse_guid(call.path["guid"])
    context = call.book.context
    if guid != context.group_guid:
        raise not_found("ManagementGroup", guid)
    key = context.merchant.spec.key
    guids = [call.cloud.names.restaurant(key, location.key) for location in context.merchant.spec.locations]
    return Answer([{"guid": one} for one in guids])


def list_employees(call: Call) -> Answer:
    """Everybody who works or worked here, or those asked for."""
    context = call.book.context
    rows = [render_employee(context, cashier) for cashier in context.merchant.people.cashiers[context.location.key]]
    wanted = {guid for guid in (call.query.get("employeeIds") or "").split(",") if guid}
    return Answer([row for row in rows if not wanted or row["guid"] in wanted])


def menus_metadata(call: Call) -> Answer:
    """When the menu was last published."""
    guid = call.book.context.restaurant_guid
    return Answer({"restaurantGuid": guid, "lastUpdated": stamp(published_at(call.now))})


def get_menus(call: Call) -> Answer:
    """The whole published menu."""
    context = call.book.context
    published = published_at(call.now)
    kept = call.cloud.menus.get(context.key)
    if kept is None or kept[0] != published:
        kept = call.cloud.menus[context.key] = (published, encode(render_menus(context, call.now)))
    return Answer(kept[1])
