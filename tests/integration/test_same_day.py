"""The same days sold through every kind of till: whoever looks at the marts cannot tell which it was.

One world, two merchants, a till of each at every provider. Around the days on which clocks change, where
a business day is easily cut at the wrong hour.

What differs by nature: a discount contains the tax where prices do (Square); and a Toast restaurant's day
ends at four in the morning, so its days are held against its own ledger, and its shops over the whole span.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from rig.books import Day, Ledger, assert_reconciled, marts_of
from rig.tills import Tills, open_everywhere

from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.transform import run_transform
from pos_pipeline.warehouse.database import Database

CLOCKS_CHANGE = {
    "an hour less": datetime(2026, 3, 30, 15, 0, tzinfo=UTC),
    "an hour more": datetime(2026, 10, 26, 15, 0, tzinfo=UTC),
}
"""Worlds whose history ends the day after."""
MERCHANTS = ("panaderia", "cafes")
BEFORE_TAX = ("lightspeed", "toast")
"""POS whose discounts are taken off prices without tax."""
ENDS_AT_FOUR = "toast"
SOLD = """
select location_id, product_name, quantity
from marts.fct_transaction_items
where pos_provider = %s and transaction_type = 'sale' and line_type = 'product'
"""


@dataclass(frozen=True)
class Street:
    """Merchants with a till of each kind, read and modelled."""

    tills: dict[str, Tills]

    @property
    def database(self) -> Database:
        """The warehouse."""
        return next(iter(self.tills.values())).services.database

    def shop_of(self, provider: str) -> dict[str, tuple[str, str]]:
        """Merchant and shop, in the world's words, by the provider's location id."""
        cloud = next(iter(self.tills.values())).sandbox.clouds[provider]
        return {
            cloud.location_id(key, shop): (key, shop) for key in MERCHANTS for shop in cloud.merchants[key].locations
        }

    def days(self, provider: str) -> dict[tuple[str, str, str], Day]:
        """What the marts say, by merchant, shop and business day."""
        shops = self.shop_of(provider)
        return {(*shops[one], day): found for (one, day), found in marts_of(self.database).items() if one in shops}

    def spans(self, provider: str) -> dict[tuple[str, str], Day]:
        """The same over all days."""
        sums: dict[tuple[str, str], Day] = {}
        for (merchant, shop, _), day in self.days(provider).items():
            so_far = sums.get((merchant, shop), Day(0, 0, 0, *[Decimal(0)] * 7))
            sums[merchant, shop] = Day(*(a + b for a, b in zip(so_far, day, strict=True)))
        return sums

    def products(self, provider: str) -> Mapping[tuple[str, str, str], Decimal]:
        """Quantities sold, by merchant, shop and product; variations of a product together."""
        shops, sums = self.shop_of(provider), Counter[tuple[str, str, str]]()
        for location_id, name, quantity in self.database.fetch(SOLD, (provider,)):
            merchant, shop = shops[location_id]
            if product := self._product_of(merchant, name):
                sums[merchant, shop, product] += quantity
        return sums

    def _product_of(self, merchant: str, name: str) -> str:
        """The product in a name that may say its form as well; empty when it is none of the assortment."""
        sales = self.tills["square"].sandbox.world.merchants[merchant].sales
        known = {line.product.name for sale in sales for line in sale.lines if line.product}
        return max((one for one in known if name.startswith(one)), key=len, default="")


@pytest.fixture(scope="module", params=sorted(CLOCKS_CHANGE))
def street(
    request: pytest.FixtureRequest, server: Any, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    """Days around a change of clocks: history imported, new sales and late edits synced, everything modelled."""
    name = server.create(template)
    settings = Settings(pos_home=tmp_path_factory.mktemp("home"), database_url=SecretStr(server.url_of(name)))
    database = Database(server.url_of(name))
    services = Services(settings, database, load_providers(), open_vault(settings))
    anchor = CLOCKS_CHANGE[request.param]
    with (
        pytest.MonkeyPatch.context() as patch,
        open_everywhere(services, patch, anchor=anchor, sales_per_day=20.0) as tills,
    ):
        for one in tills.values():
            for merchant in MERCHANTS:
                one.link(merchant)
            assert {outcome.status for outcome in one.import_history()} == {"success"}
        for step in ({"sales": 12}, {"hours": 30}):
            tills["square"].sandbox.advance(**step)
            assert {outcome.status for one in tills.values() for outcome in one.sync()} == {"success"}
        run_transform(services).raise_for_failure()
        yield Street(tills)
    database.close()
    server.drop(name)


def test_every_till_equals_its_own_ledger(street: Street) -> None:
    """Each provider's days, by its own closing hour and notion of a discount, to the cent."""
    truth: Ledger = {day: figures for one in street.tills.values() for day, figures in one.truth().items()}

    assert_reconciled(street.database, truth)


def test_days_are_the_same_where_they_end_at_midnight(street: Street) -> None:
    """Counts, money, taxes, tips and service of every shop and day do not depend on the POS."""
    days = {name: without_discounts(street.days(name)) for name in street.tills if name != ENDS_AT_FOUR}

    assert days["square"]
    assert [name for name, found in days.items() if found != days["square"]] == []


def test_shops_are_the_same_over_the_span(street: Street) -> None:
    """Whenever a POS lets a day end, what a shop took is what it took."""
    spans = {name: without_discounts(street.spans(name)) for name in street.tills}

    assert len(spans["square"]) == 4
    assert [name for name, found in spans.items() if found != spans["square"]] == []


def test_discounts_before_tax_are_the_same(street: Street) -> None:
    """Two POS that take discounts off prices without tax took the same; one whose prices contain it, more."""
    discounts = {name: {shop: day.discount for shop, day in street.spans(name).items()} for name in street.tills}

    before_tax = [discounts[name] for name in BEFORE_TAX if name in discounts]
    assert all(found == before_tax[0] for found in before_tax)
    assert all(amount <= discounts["square"][shop] for found in before_tax for shop, amount in found.items())
    assert sum(discounts["square"].values()) > 0


def test_products_are_the_same(street: Street) -> None:
    """The same products left the shelf in the same quantities."""
    products = {name: street.products(name) for name in street.tills}

    assert len(products["square"]) > 100
    assert [name for name, found in products.items() if found != products["square"]] == []


def without_discounts(found: dict[Any, Day]) -> dict[Any, Day]:
    """The figures every POS has the same notion of."""
    return {key: day._replace(discount=Decimal(0)) for key, day in found.items()}
