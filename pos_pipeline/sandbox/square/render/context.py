"""What every renderer needs to know about the merchant whose objects it writes."""

from functools import cache

from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND, Instant
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.records import Product, Refund, Sale, Variation
from pos_pipeline.sandbox.square.names import Names
from pos_pipeline.sandbox.square.wire import Json, money


class Context:
    """A merchant with its identifiers. `item_versions` answers which catalog version a sale saw."""

    def __init__(self, names: Names, merchant: Merchant) -> None:
        self.names = names
        self.merchant = merchant
        self.key = merchant.spec.key
        self.currency = merchant.spec.currency
        self.merchant_id = names.merchant(self.key)
        self.location_ids = {key: names.location(self.key, key) for key in merchant.locations}
        self.version_at = cache(self._version_at)

    def money(self, amount: int) -> Json:
        """Money in the merchant's currency."""
        return money(amount, self.currency)

    def order_id(self, sale: Sale) -> str:
        """Id of a sale's order."""
        return self.names.order(self.key, sale.number)

    def payment_id(self, sale: Sale, index: int) -> str:
        """Id of one of the sale's payments."""
        return self.names.payment(self.key, sale.tenders[index].number)

    def refund_id(self, sale: Sale, refund: Refund) -> str:
        """Id of a refund of the sale."""
        return self.names.refund(self.key, sale.tenders[refund.tender_index].number, refund.number)

    def refund_order_id(self, refund: Refund) -> str:
        """Id of the order a refund points at: its return order, or the exchange it is the change of."""
        if refund.exchange_number is not None:
            return self.names.order(self.key, refund.exchange_number)
        return self.names.return_order(self.key, refund.number)

    def catalog_id(self, kind: str, key: str) -> str:
        """Id of a catalog object of this merchant."""
        return self.names.catalog(self.key, kind, key)

    def changed_at(self, product: Product, variation: Variation, day: int) -> Instant:
        """When the variation as of a day was last changed: created or repriced."""
        repriced = self.merchant.catalog.price_changed_day(variation, day)
        return product.created_at if repriced is None else max(product.created_at, repriced * DAY)

    def _version_at(self, product: Product, variation: Variation, day: int) -> int:
        return self.changed_at(product, variation, day) // MILLISECOND
