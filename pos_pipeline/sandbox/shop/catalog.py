"""A merchant's products over time: what is on sale on a day, and at which price.

Everything is a pure function of seed, merchant and calendar. Prices move on Mondays, in one
batch; each week brings a special that is deleted the Monday after; some products end for good.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import accumulate
from zlib import crc32

from msgspec import Struct

from pos_pipeline.sandbox.shop.assortment import ASSORTMENT, DISCOUNTS, MODIFIERS
from pos_pipeline.sandbox.shop.clock import DAY, Instant, date_of
from pos_pipeline.sandbox.shop.merchants import MerchantSpec
from pos_pipeline.sandbox.shop.records import Discount, Modifier, Product, Variation

WEEKS_BETWEEN_PRICE_CHANGES = 20
"""On average, per variation."""
_CENTS = 100
_MENUS_KEPT = 8
_DISCONTINUED_IN_100 = 10
_POPULAR = 30
"""What sells this well is never discontinued."""
_WEIGHT_PREFIX = "kg:"
_SPECIAL_CATEGORY = "Pastelería"


class Menu(Struct, frozen=True):
    """What a till offers on one day; parallel sequences, by position."""

    products: tuple[Product, ...]
    variations: tuple[Variation, ...]
    prices_minor: tuple[int, ...]
    popularity: tuple[int, ...]
    """Running totals, to pick by bisection."""


class Catalog:
    """One merchant's products from `opened_day` on (days since 1970, UTC)."""

    def __init__(self, seed: int, spec: MerchantSpec, opened_day: int) -> None:
        self._seed = f"{seed}:{spec.key}"
        self._spec = spec
        self._scale = 160 if spec.currency == "JPY" else _CENTS
        self.opened_week = week_of(opened_day)
        self.discounts = tuple(Discount(*row) for row in DISCOUNTS)
        self.modifier_groups = {
            group: tuple(Modifier(key, name, self._scaled(price)) for key, name, price in choices)
            for group, choices in MODIFIERS.items()
        }
        self._permanent = tuple(self._permanent_products(opened_day * DAY))
        self._steps: dict[str, list[int]] = {}
        self.menu = lru_cache(maxsize=_MENUS_KEPT)(self._menu)
        self._special = cache(self._make_special)

    def products(self, now: Instant) -> list[Product]:
        """Every product that ever existed up to `now`, deleted ones included, oldest first."""
        specials = (self._special(week) for week in range(self.opened_week - 1, week_of(now // DAY) + 1))
        return [product for product in (*self._permanent, *specials) if product.created_at <= now]

    def price_minor(self, variation: Variation, day: int) -> int:
        """The usual price on a day, before any location's own markup."""
        week = week_of(day) - self.opened_week
        steps = self._steps.setdefault(variation.key, [0])
        while len(steps) <= week:
            steps.append(steps[-1] + self._price_step(variation, self.opened_week + len(steps)))
        raised = variation.base_minor + variation.base_minor * 4 * steps[max(0, week)] // 100
        return raised if self._scale != _CENTS or raised < _CENTS else raised // 5 * 5

    def price_changed_day(self, variation: Variation, day: int) -> int | None:
        """The last Monday up to `day` on which the price step moved; None if it never did."""
        self.price_minor(variation, day)
        steps = self._steps[variation.key]
        for week in range(max(0, week_of(day) - self.opened_week), 0, -1):
            if steps[week] != steps[week - 1]:
                return monday_of(self.opened_week + week)
        return None

    def _menu(self, day: int, price_percent: int = 100) -> Menu:
        moment = day * DAY
        rows = [
            (product, variation, self.price_minor(variation, day) * price_percent // 100, product.popularity, position)
            for product in (*self._permanent, self._special(week_of(day)))
            if product.created_at <= moment and (product.deleted_at is None or moment < product.deleted_at)
            for position, variation in enumerate(product.variations)
        ]
        return Menu(
            products=tuple(row[0] for row in rows),
            variations=tuple(row[1] for row in rows),
            prices_minor=tuple(row[2] for row in rows),
            popularity=tuple(accumulate(max(1, row[3] // (1 + 2 * row[4])) for row in rows)),
        )

    def _permanent_products(self, opened_at: Instant) -> Iterator[Product]:
        serial = 0
        for heading, rows in ASSORTMENT.items():
            category = heading.removeprefix(_WEIGHT_PREFIX)
            for name, tax_percent, popularity, stem, prices, group in rows:
                serial += 1
                chance = crc32(f"{self._seed}:life:{serial}".encode()) % 100
                yield Product(
                    key=f"p{serial:03}",
                    name=name,
                    category=category,
                    tax_percent=tax_percent,
                    by_weight=heading.startswith(_WEIGHT_PREFIX),
                    popularity=popularity * (3 if category in self._spec.favours else 1),
                    variations=tuple(
                        Variation(
                            key=f"p{serial:03}v{position}",
                            name=variation,
                            sku=f"{stem}-{position}" if stem else None,
                            base_minor=self._scaled(price),
                        )
                        for position, (variation, price) in enumerate(prices, start=1)
                    ),
                    modifiers=self.modifier_groups.get(group, ()),
                    created_at=opened_at - (400 - chance) * DAY + serial * 7_431_000,
                    deleted_at=monday_of(self.opened_week + 4 + chance) * DAY
                    if chance < _DISCONTINUED_IN_100 and popularity < _POPULAR
                    else None,
                )

    def _make_special(self, week: int) -> Product:
        year, number, _ = date_of(monday_of(week)).isocalendar()
        key = f"s{year}{number:02}"
        return Product(
            key=key,
            name=f"Tarta de la semana {number}",
            category=_SPECIAL_CATEGORY,
            tax_percent=10,
            by_weight=False,
            popularity=20,
            variations=(
                Variation(f"{key}v1", "Porción", f"ESP-{year}{number:02}-1", self._scaled(400 + week % 4 * 25)),
                Variation(f"{key}v2", "Entera", f"ESP-{year}{number:02}-2", self._scaled(2900)),
            ),
            modifiers=(),
            created_at=monday_of(week) * DAY,
            deleted_at=monday_of(week + 1) * DAY,
        )

    def _price_step(self, variation: Variation, week: int) -> int:
        chance = crc32(f"{self._seed}:{variation.key}:{week}".encode()) % (WEEKS_BETWEEN_PRICE_CHANGES * 4)
        return 1 if chance < 3 else -1 if chance == 3 else 0  # noqa: PLR2004 - three rises to one fall

    def _scaled(self, minor: int) -> int:
        return minor * self._scale // _CENTS


def week_of(day: int) -> int:
    """Weeks since 1969-12-29, a Monday."""
    return (day + 3) // 7


def monday_of(week: int) -> int:
    """The day (since 1970) a week begins."""
    return week * 7 - 3


def pick(running_totals: tuple[int, ...], chance: float) -> int:
    """Position chosen by a number in [0, 1) among weights given as running totals."""
    return bisect_right(running_totals, chance * running_totals[-1])
