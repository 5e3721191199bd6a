"""What every renderer needs to know about the restaurant whose objects it writes."""

from decimal import Decimal
from functools import cache

from pos_pipeline.sandbox.shop.amounts import as_decimal, included_tax
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.merchants import LocationSpec
from pos_pipeline.sandbox.shop.records import Product, Sale, Variation
from pos_pipeline.sandbox.toast.closeout import business_day
from pos_pipeline.sandbox.toast.names import Names
from pos_pipeline.sandbox.toast.wire import Json, business_date

_PLAIN_FORMS = frozenset({"Normal", "Única", "Kilo", "Individual", "Unidad"})


class Context:
    """One restaurant with its identifiers."""

    def __init__(self, names: Names, merchant: Merchant, location: LocationSpec) -> None:
        self.names = names
        self.merchant = merchant
        self.location = location
        self.currency = merchant.spec.currency
        self.timezone = location.timezone
        self.key = f"{merchant.spec.key}:{location.key}"
        self.restaurant_guid = names.restaurant(merchant.spec.key, location.key)
        self.group_guid = names.group(merchant.spec.key)
        self.money = cache(self._money)
        self.ref = cache(self._ref)

    def guid(self, kind: str, key: str) -> str:
        """GUID of something of this restaurant that many orders refer to."""
        return self.names.known(kind, f"{self.key}:{key}")

    def order_guid(self, sale: Sale) -> str:
        """GUID of a sale's order."""
        return self.names.guid("order", f"{self.key}:{sale.number}")

    def moved_guid(self, sale: Sale) -> str:
        """GUID of the order a sale's check was moved away from."""
        return self.names.guid("moved order", f"{self.key}:{sale.number}")

    def payment_guid(self, tender_number: int) -> str:
        """GUID of a payment."""
        return self.names.guid("payment", f"{self.key}:{tender_number}")

    def business_day(self, at: Instant) -> int:
        """The business day of an instant, in days since 1970."""
        return business_day(self.timezone, at)

    def business_date(self, at: Instant) -> int:
        """The business day of an instant, such as 20260314."""
        return business_date(business_day(self.timezone, at))

    def item_ref(self, variation: Variation) -> Json:
        """Reference to a menu item; every form of a product is an item of its own."""
        return self.ref("item", "MenuItem", variation.key) | {"multiLocationId": self.multi_location_id(variation.key)}

    def multi_location_id(self, key: str) -> str:
        """What an item has in common with the same one at the group's other restaurants."""
        return self.names.multi_location_id(self.merchant.spec.key, key)

    def _money(self, minor: int) -> Decimal:
        """An amount as Toast's double is written: with a decimal point, in every currency."""
        amount = as_decimal(minor, self.currency)
        return amount if amount.as_tuple().exponent else amount.quantize(Decimal("0.1"))

    def _ref(self, kind: str, entity_type: str, key: str) -> Json:
        return {"guid": self.guid(kind, key), "entityType": entity_type, "externalId": None}


def without_tax(shelf_minor: int, percent: int) -> int:
    """A shelf price, which contains the tax, as Toast's price before tax."""
    return shelf_minor - included_tax(shelf_minor, percent)


def item_name(product: Product, variation: Variation) -> str:
    """A menu item's name: the product's, with its form where it has a telling one."""
    return product.name if variation.name in _PLAIN_FORMS else f"{product.name} {variation.name}"
