"""What every renderer needs to know about the retailer whose objects it writes."""

from functools import cache

from pos_pipeline.sandbox.lightspeed.names import Names
from pos_pipeline.sandbox.lightspeed.render.tenders import RETIRED_AFTER, PaymentType
from pos_pipeline.sandbox.lightspeed.versions import Versions
from pos_pipeline.sandbox.shop.amounts import EXPONENTS
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.merchants import LocationSpec
from pos_pipeline.sandbox.shop.records import Cashier, Customer, Refund, Sale

GENERIC, DISCOUNT = "importe-libre", "vend-discount"
"""Keys of the product for typed amounts, and of the one that stands for a discount on a whole sale."""
_SMALL_SHOP = 0.6


class Context:
    """A retailer with its identifiers and the scale of its money."""

    def __init__(self, names: Names, merchant: Merchant) -> None:
        self.names = names
        self.merchant = merchant
        self.key = merchant.spec.key
        self.retailer_id = names.kept("retailer", self.key)
        self.prefix = names.prefix(self.key)
        self.versions = Versions(merchant.opened_at)
        self.founded_at: Instant = merchant.opened_at - 500 * DAY
        self.visa_retired_at: Instant = merchant.opened_at + RETIRED_AFTER
        self.scale: int = 10 ** (5 - EXPONENTS[merchant.spec.currency])
        """Hundred-thousandths of the major unit in one minor unit."""
        self.outlet_ids = {key: self.id("outlet", key) for key in merchant.locations}
        self.register_ids = {
            (key, device): self.id("register", f"{key}:{device}")
            for key, location in merchant.locations.items()
            for device in range(1, registers_of(location) + 1)
        }
        self.walkin_id = self.id("customer", "WALKIN")
        self.owner_id = self.id("user", "owner")
        self.prefixes = {key: _invoice_prefix(position) for position, key in enumerate(merchant.locations)}
        self.product = cache(self._product)

    def id(self, kind: str, key: str) -> str:
        """Id of one of the retailer's lasting objects."""
        return self.names.kept(kind, f"{self.key}:{key}")

    def passing_id(self, kind: str, key: str) -> str:
        """Id of one of many: a sale, a line, a payment."""
        return self.names.id(kind, f"{self.key}:{key}")

    def fifths(self, minor: int) -> int:
        """Minor units as hundred-thousandths of the major one."""
        return minor * self.scale

    def register_id(self, location_key: str, device: int) -> str:
        """The register of a device; small shops have one for both."""
        return self.register_ids.get((location_key, device)) or self.register_ids[location_key, 1]

    def sale_id(self, sale: Sale) -> str:
        """Id of a sale that is not a return."""
        return self.passing_id("sale", str(sale.number))

    def return_id(self, refund: Refund) -> str:
        """Id of the sale that a refund is."""
        return self.passing_id("return", str(refund.number))

    def payment_type_id(self, kind: PaymentType) -> str:
        """The retailer's own id of a payment type."""
        return self.id("payment_type", kind.key)

    def tax_id(self, percent: int) -> str:
        """The tax group of a rate; 0 is No Tax."""
        return self.id("tax", str(percent))

    def rate_id(self, percent: int) -> str:
        """The rate within its tax group."""
        return self.id("rate", str(percent))

    def customer_id(self, customer: Customer | None) -> str:
        """The customer; an unknown one is the walk-in."""
        return self.walkin_id if customer is None else self.id("customer", customer.key)

    def user_id(self, cashier: Cashier | None) -> str:
        """The cashier; when nobody was signed on, the owner."""
        return self.owner_id if cashier is None else self.id("user", cashier.key)

    def _product(self, key: str) -> str:
        return self.id("product", key)


def registers_of(location: LocationSpec) -> int:
    """How many registers a shop has."""
    return 1 if location.weight < _SMALL_SHOP else 2


def _invoice_prefix(position: int) -> str:
    return f"{chr(65 + position % 26)}{position // 26 or ''}-"
