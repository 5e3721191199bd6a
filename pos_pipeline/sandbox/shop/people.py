"""The people of a merchant: cashiers, customers and the cards in their pockets. All invented."""

from functools import cache
from random import Random

from pos_pipeline.sandbox.shop.assortment import FAMILY_NAMES, GIVEN_NAMES
from pos_pipeline.sandbox.shop.clock import DAY, HOUR, SECOND, Instant
from pos_pipeline.sandbox.shop.merchants import MerchantSpec
from pos_pipeline.sandbox.shop.records import Card, Cashier, Customer

CASHIERS_PER_LOCATION = 4
"""The last one of each location has left."""
DAYS_BETWEEN_CUSTOMERS = 3
_CUSTOMERS_AT_START = 60
_BRANDS = (
    ("VISA", "400930"), ("VISA", "454617"), ("VISA", "491200"), ("MASTERCARD", "535316"), ("MASTERCARD", "518600"),
    ("AMERICAN_EXPRESS", "374245"), ("DISCOVER_DINERS", "361500"),
)  # fmt: skip
UNKNOWN_BRAND = "GIROCARD"
"""A brand no client has heard of: enumerations grow without notice."""


class People:
    """One merchant's people; who exists depends only on seed, merchant and time."""

    def __init__(self, seed: int, spec: MerchantSpec, opened_at: Instant) -> None:
        self._seed = f"{seed}:{spec.key}"
        self._opened_at = opened_at
        self.cashiers = {
            location.key: tuple(
                self._cashier(location.key, position) for position in range(1, CASHIERS_PER_LOCATION + 1)
            )
            for location in spec.locations
        }
        self._customer = cache(self._make_customer)

    def customer_count(self, now: Instant) -> int:
        """How many customers the merchant knows at `now`."""
        return _CUSTOMERS_AT_START + max(0, now - self._opened_at) // (DAYS_BETWEEN_CUSTOMERS * DAY)

    def customer(self, position: int) -> Customer:
        """The customer at a position below `customer_count`."""
        return self._customer(position)

    def _make_customer(self, position: int) -> Customer:
        rnd = Random(f"{self._seed}:customer:{position}")
        given, family = rnd.choice(GIVEN_NAMES), rnd.choice(FAMILY_NAMES)
        late = position - _CUSTOMERS_AT_START
        if late < 0:
            created_at = self._opened_at - (1 + position) * DAY - rnd.randrange(DAY // SECOND) * SECOND
        else:
            created_at = self._opened_at + (late + 1) * DAYS_BETWEEN_CUSTOMERS * DAY - rnd.randrange(3600) * SECOND
        return Customer(
            key=f"c{position:05}",
            given_name=given,
            family_name=family,
            email=f"cliente{position}@correo.example" if rnd.random() < 0.8 else None,  # noqa: PLR2004
            phone=f"+34600{position:06}" if rnd.random() < 0.5 else None,  # noqa: PLR2004
            created_at=created_at,
            changed_at=created_at,
        )

    def _cashier(self, location_key: str, position: int) -> Cashier:
        rnd = Random(f"{self._seed}:{location_key}:cashier:{position}")
        return Cashier(
            key=f"{location_key}:{position}",
            given_name=rnd.choice(GIVEN_NAMES),
            family_name=rnd.choice(FAMILY_NAMES),
            location_key=location_key,
            is_active=position < CASHIERS_PER_LOCATION,
            since=self._opened_at - position * 40 * DAY - rnd.randrange(20) * HOUR,
        )


def make_cards(seed: int, count: int = 600) -> tuple[Card, ...]:
    """The cards that circulate in the world."""
    rnd = Random(f"{seed}:cards")
    cards = []
    for position in range(count):
        brand, bank = (UNKNOWN_BRAND, "672300") if position % 250 == 249 else rnd.choice(_BRANDS)  # noqa: PLR2004
        cards.append(
            Card(
                key=f"k{position:05}",
                brand=brand,
                last_four=f"{rnd.randrange(10_000):04}",
                bin=bank,
                is_debit=rnd.random() < 0.6,  # noqa: PLR2004
                expires_month=rnd.randrange(1, 13),
                expires_year=2027 + rnd.randrange(5),
            )
        )
    return tuple(cards)
