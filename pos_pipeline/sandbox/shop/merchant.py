"""One merchant alive in a world: its catalog, people, tills and everything it has sold."""

from pos_pipeline.sandbox.shop.aftermath import EXCHANGE, FollowUp, exchange, is_sold
from pos_pipeline.sandbox.shop.catalog import Catalog
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.merchants import LocationSpec, MerchantSpec
from pos_pipeline.sandbox.shop.people import People
from pos_pipeline.sandbox.shop.records import CLOSED, TICKET, Card, Sale
from pos_pipeline.sandbox.shop.till import Till

_RECENT = 200
"""An exchange is for one of so many last sales of the shop."""


class Merchant:
    """A merchant's state; `sales` are in the order the servers heard of them."""

    def __init__(self, seed: int, anchor: Instant, days: int, spec: MerchantSpec, cards: tuple[Card, ...]) -> None:
        opened_day = anchor // DAY - days
        self.spec = spec
        self.opened_at = opened_day * DAY
        self.locations = {location.key: location for location in spec.locations}
        self.catalog = Catalog(seed, spec, opened_day)
        self.people = People(seed, spec, self.opened_at)
        self.till = Till(spec, self.catalog, self.people, cards)
        self.sales: list[Sale] = []
        self.sales_at: dict[str, list[Sale]] = {location.key: [] for location in spec.locations}
        self._last_days = {
            location.key: opened_day + int(days * location.closed_for_good_after)
            for location in spec.locations
            if location.closed_for_good_after is not None
        }

    def trades(self, location: LocationSpec, day: int) -> bool:
        """Whether the location is still in business on a local day."""
        return day <= self._last_days.get(location.key, day)

    def is_active(self, location: LocationSpec, now: Instant) -> bool:
        """Whether the location is open to the public, as providers show it."""
        return self.trades(location, now // DAY)

    def receive(self, sale: Sale, arrival: FollowUp) -> list[Sale]:
        """Record a sale the servers hear of; the result is all sales this changes."""
        earlier = self.sales_at[sale.location_key]
        source = None
        if arrival.code == EXCHANGE and earlier:
            source = earlier[-1 - int(arrival.chance * min(_RECENT, len(earlier)))]
        self.sales.append(sale)
        earlier.append(sale)
        if source is None or not _can_come_back(source):
            return [sale]
        exchange(sale, source, arrival.at, arrival.chance * 31 % 1)
        return [sale, source] if sale.returned else [sale]


def _can_come_back(sale: Sale) -> bool:
    """Whether goods of this sale may be handed in: a plain closed ticket nobody has touched since."""
    return (
        sale.kind == TICKET
        and sale.state == CLOSED
        and is_sold(sale)
        and sale.is_paid
        and bool(sale.tenders)
        and not (sale.refunds or sale.returned or sale.is_exchanged or sale.service_minor)
    )
