"""Everything sales point at: products, people, places, taxes and payment types."""

from collections import defaultdict

from pos_pipeline.sandbox.lightspeed.call import Call
from pos_pipeline.sandbox.lightspeed.errors import invalid, not_found
from pos_pipeline.sandbox.lightspeed.lists import list_entries
from pos_pipeline.sandbox.lightspeed.render import catalog, people, places
from pos_pipeline.sandbox.lightspeed.render.tenders import PaymentType
from pos_pipeline.sandbox.lightspeed.statuses import meaning_of
from pos_pipeline.sandbox.lightspeed.wire import Json, stamp
from pos_pipeline.sandbox.shop.amounts import as_decimal
from pos_pipeline.sandbox.shop.clock import DAY, hour_starts, local_day

_CATEGORIES = 200


def list_products(call: Call) -> Json:
    """Products; `sku` and `name` override paging."""
    entries = call.cloud.entries(call.book, "products", catalog.products)
    for name in ("sku", "name"):
        if call.query.get(name):
            named = [entry.body for entry in entries if entry.body[name] == call.query[name] and not entry.is_deleted]
            return {"data": named}
    return list_entries(call, entries)


def get_product(call: Call) -> Json:
    """One product row, deleted or not."""
    for entry in call.cloud.entries(call.book, "products", catalog.products):
        if entry.body["id"] == call.path["product_id"]:
            return {"data": entry.body}
    raise not_found("Product")


def list_product_types(call: Call) -> Json:
    """Product types, deprecated but answered."""
    return list_entries(call, catalog.product_types(call.book.context))


def list_product_categories(call: Call) -> Json:
    """Product categories by path, with an opaque `after`."""
    context = call.book.context
    names = catalog.categories(context)
    start = call.cloud.category_cursors.position(call.query["after"]) if call.query.get("after") else 0
    size = call.page_size(_CATEGORIES, _CATEGORIES)
    rows = [_category(context.id("type", name), name) for name in names[start : start + size]]
    has_next = start + size < len(names)
    page_info: Json = {"has_next": has_next}
    if has_next:
        page_info["last_seen"] = call.cloud.category_cursors.issue(start + size)
    return {"page_info": page_info, "data": {"categories": rows}}


def list_brands(call: Call) -> Json:
    """Brands."""
    return list_entries(call, catalog.brands(call.book.context))


def list_tags(call: Call) -> Json:
    """Tags."""
    return list_entries(call, catalog.tags(call.book.context))


def list_inventory(call: Call) -> Json:
    """Stock by product and outlet."""
    return list_entries(call, call.cloud.entries(call.book, "inventory", catalog.inventory))


def list_outlet_taxes(call: Call) -> Json:
    """Tax by product and outlet."""
    return list_entries(call, call.cloud.entries(call.book, "outlet_taxes", catalog.outlet_taxes))


def list_taxes(call: Call) -> Json:
    """Tax groups with their rates."""
    return list_entries(call, places.taxes(call.book.context))


def list_customers(call: Call) -> Json:
    """Customers, the walk-in among them."""
    return list_entries(call, call.cloud.entries(call.book, "customers", people.customers))


def list_users(call: Call) -> Json:
    """Users; `deleted` is not a parameter here."""
    return list_entries(call, people.users(call.book.context), hides_deleted=False)


def list_outlets(call: Call) -> Json:
    """Outlets."""
    return list_entries(call, places.outlets(call.book.context, call.now))


def list_registers(call: Call) -> Json:
    """Registers."""
    return list_entries(call, places.registers(call.book.context, call.now))


def list_payment_types(call: Call) -> Json:
    """Payment types."""
    return list_entries(call, places.payment_types(call.book.context, call.now))


def get_retailer(call: Call) -> Json:
    """The retailer the address belongs to."""
    return {"data": places.retailer(call.book.context)}


def payments_summary(call: Call) -> Json:
    """What a register took since its day began, totals as strings."""
    context = call.book.context
    found = [key for key, identifier in context.register_ids.items() if identifier == call.path["register_id"]]
    if not found:
        raise not_found("Register")
    location = context.merchant.locations[found[0][0]]
    opened_at = hour_starts(location.timezone, local_day(location.timezone, call.now))[0]
    sums: defaultdict[PaymentType, int] = defaultdict(int)
    for identifier in call.book.by_date.ids(opened_at, call.now + DAY):
        item = call.book[identifier]
        bill = call.book.bill(item)
        register_id = context.register_id(bill.location_key, bill.device)
        if register_id == call.path["register_id"] and meaning_of(item.status)[0] == "closed":
            for paid in bill.payments:
                sums[paid.kind] += paid.amount_minor
    payments = [
        {
            "payment_type_id": context.payment_type_id(kind),
            "payment_type_name": kind.name,
            "total": str(as_decimal(total, context.merchant.spec.currency)),
        }
        for kind, total in sorted(sums.items())
    ]
    return {
        "data": {
            "register_open_time": stamp(opened_at),
            "register_closure_sequence_number": (call.now - context.founded_at) // DAY,
            "register_closure_id": context.id("closure", f"{found[0]}:{opened_at}"),
            "payments": payments,
        }
    }


class CategoryCursors:
    """Opaque places in the list of categories; all that were handed out die when told to."""

    def __init__(self) -> None:
        self._generation = 0

    def issue(self, position: int) -> str:
        """The cursor of a position."""
        return f"c{self._generation}x{position:x}"

    def position(self, cursor: str) -> int:
        """The position of a cursor.

        Raises:
            LightspeedError: 422 unknown or dead.
        """
        head, _, tail = cursor.partition("x")
        if head != f"c{self._generation}" or not tail.isalnum():
            raise invalid("after", "is not a place in this list")
        return int(tail, 16)

    def expire_all(self) -> None:
        """Kill every cursor handed out so far."""
        self._generation += 1


def _category(identifier: str, name: str) -> Json:
    path = [{"id": identifier, "name": name}]
    return {
        "id": identifier,
        "name": name,
        "root_category_id": identifier,
        "parent_category_id": None,
        "leaf_category": True,
        "category_path": path,
    }
