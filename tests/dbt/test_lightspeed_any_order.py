"""The marts depend on what Lightspeed said, not on when, how often or in which portions it arrived."""

import random
from decimal import Decimal
from typing import Any

import pytest
from fakes.books import Books, Row
from fakes.histories import DAY, History, tell_in_any_order
from fakes.lightspeed_objects import (
    Told,
    adjusted,
    category,
    clock,
    customer,
    line,
    outlet,
    paid,
    payment_type,
    product,
    register,
    retailer,
    retailer_objects,
    sale,
    user,
)


class LightspeedHistory(History):
    """What happened in a shop that sells with Lightspeed."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.told += retailer_objects()
        self.told += [retailer(changed=3, tax_exclusive=True), outlet(changed=4, name="Calle Mayor 1")]
        self.told += [customer("CU", "Ana"), customer("CU", "Ana María", changed=9)]
        self.told += [user("USER", "Lucía G.", changed=9), register("REGISTER", "Barra", changed=9)]
        self.told += [payment_type("APP", "Otros", 7), payment_type("APP", "Bizum", 7, changed=9)]
        self.told += [
            category("BREAD", "Pan"),
            category("BREAD", "Panadería", "Pan", changed=9),
            product("BARRA", "Barra", changed=5, product_category={"id": "BREAD"}),
            product("BARRA", "Barra grande", changed=7, price_including_tax=Decimal("1.20")),
            # One instant, two numbers: the number decides.
            product("TEA", "Té", changed=8, version=8001),
            product("TEA", "Té verde", changed=8, version=8002),
            product("TEA", "Té verde", changed=30, deleted_at=clock(30)),
            product("GIFT", "Gift Card", sku="vend-internal-gift-card"),
            product("CAKE", "Tarta", changed=1),
            product("CAKE", "Tarta", changed=9, has_variants=True),
        ]
        for number in range(14):
            self.happen(f"S{number}", at=dice.randrange(3) * DAY + dice.randrange(600))

    def happen(self, name: str, at: int) -> None:
        """One sale with everything that becomes of it."""
        price = Decimal(self.dice.randrange(1, 400) * 5) / 100
        lines = [line("a", str(price), tax="0.33333", quantity="3"), line("b", "0.75", product="TEA")]
        kinds = [self.sold, self.parked, self.voided, self.given_back, self.owed, self.exchanged, self.moved, self.gift]
        self.dice.choice(kinds)(name, lines, at)

    def tell(self, kind: str, *versions: Told, at: int) -> None:
        """Versions of one sale, of which the last says what the owner counts."""
        self.told += versions
        last: Row = versions[-1].payload
        self.count(at, kind, int((last["total_price"] + last["total_tax"]) * 100))

    def sold(self, name: str, lines: list[Any], at: int) -> None:
        """Rung up with a discount on the whole, then the customer is added and a tip comes on top."""
        lines = [*lines, line("d", "0.10", tax="0.01", quantity="-1", product="DISCOUNT")]
        self.tell(
            "sale",
            sale(name, lines, at=at),
            sale(name, lines, at=at, changed=at + 20, customer_id="CU", adjustments=[adjusted("TIP", "0.50")]),
            at=at,
        )

    def parked(self, name: str, lines: list[Any], at: int) -> None:
        """Parked with a line that is taken off, paid within the instant of its last change."""
        self.tell(
            "sale",
            sale(name, [*lines, line("c", "9.00")], [], at=at, status="SAVED"),
            sale(name, lines, [], at=at, status="SAVED", changed=at + 5),
            sale(name, lines, [paid("APP", "1.00")], at=at, changed=at + 5, version=1000 * (at + 5) + 1),
            at=at,
        )

    def voided(self, name: str, lines: list[Any], at: int) -> None:
        """Paid, then voided."""
        self.told += [sale(name, lines, at=at), sale(name, lines, at=at, changed=at + DAY, status="VOIDED")]
        self.count(at, "void", 1)

    def given_back(self, name: str, lines: list[Any], at: int) -> None:
        """Sold, then a part comes back a day later, first parked."""
        later = at + DAY
        back = [line("a", "1.00", tax="0.10", quantity="-2")]
        self.tell("sale", sale(name, lines, at=at), sale(name, lines, at=at, changed=later), at=at)
        self.tell(
            "refund",
            sale(f"R{name}", back, [], at=later, status="SAVED", return_for=name),
            sale(f"R{name}", back, at=later, changed=later + 2, return_for=name),
            at=later,
        )

    def owed(self, name: str, lines: list[Any], at: int) -> None:
        """Taken on account, paid two days later."""
        self.tell(
            "sale",
            sale(name, lines, [], at=at, status="ONACCOUNT"),
            sale(name, lines, at=at, changed=at + 2 * DAY, status="ONACCOUNT_CLOSED"),
            at=at,
        )

    def exchanged(self, name: str, lines: list[Any], at: int) -> None:
        """New goods for old."""
        told = sale(name, [*lines, line("o", "2.00", tax="0.20", quantity="-1")], at=at)
        self.told.append(told)
        self.count(at, "refund", -220)
        self.count(at, "sale", int((told.payload["total_price"] + told.payload["total_tax"]) * 100) + 220)

    def moved(self, name: str, lines: list[Any], at: int) -> None:
        """Made offline two days before it arrived, then thrown away and made once more under another id."""
        earlier = at - 2 * DAY
        told = sale(name, lines, at=earlier, changed=at)
        self.tell("sale", told, at=earlier)
        twin = sale(f"T{name}", lines, at=earlier, changed=at)
        self.told += [twin, sale(f"T{name}", lines, at=earlier, changed=at + 3, deleted_at=clock(at + 3))]

    def gift(self, name: str, lines: list[Any], at: int) -> None:
        """A gift card beside the goods: the owner counts the goods."""
        told = sale(name, [*lines, line("g", "20.00", product="GIFT")], at=at)
        self.told.append(told)
        self.count(at, "sale", int((told.payload["total_price"] + told.payload["total_tax"]) * 100) - 2000)


@pytest.mark.parametrize("seed", range(2))
def test_marts_do_not_depend_on_the_way_of_arrival(books: Books, seed: int) -> None:
    """Any order, redelivery and split into runs ends in the same marts, and they are right."""
    history = LightspeedHistory(random.Random(seed))  # noqa: S311 - a reproducible shuffle
    heard = tell_in_any_order(books, history, "lightspeed")

    assert heard.counted == history.truth
    assert heard.odd == []
