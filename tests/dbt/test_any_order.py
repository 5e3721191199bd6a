"""THE test: the marts depend on what Square said, not on when, how often or in which portions it arrived."""

import random

import pytest
from fakes.books import Books, Row
from fakes.histories import DAY, History, tell_in_any_order
from fakes.square_objects import cashier, category, customer, item, line, order, payment, refund, returns


class SquareHistory(History):
    """What happened in a shop that sells with Square."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.told += [customer("CU", "Ana"), customer("CU", "Ana María", changed=9)]
        self.told += [cashier("TM", "Lucía"), cashier("TM", "Lucía G.", changed=9)]
        self.told += [
            category("CAT", "Pan"),
            item("I", [("BARRA", 100)], category="CAT", changed=0),
            item("I", [("BARRA", 120)], category="CAT", changed=5, overrides=[("CENTRO", 130)]),
            item("I", [("BARRA", 120)], category="CAT", changed=7),
            item("I", [], changed=30, deleted=True),
        ]
        for number in range(14):
            self.happen(number, at=dice.randrange(3) * DAY + dice.randrange(600))

    def happen(self, number: int, at: int) -> None:
        """One ticket with everything that becomes of it."""
        total = self.dice.randrange(1, 40) * 25
        lines = [line("a", total, tax=total // 11, quantity="2"), line("b", 75, name=None, product=None)]
        name, payer = f"O{number}", f"P{number}"
        kinds = [self.sale, self.edited, self.canceled, self.given_back, self.split, self.exchanged, self.moved]
        self.dice.choice(kinds)(name, payer, lines, total + 75, at)

    def sale(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """Opened, approved, paid, then the fee lands."""
        self.told += [
            order(name, lines, at=at, state="OPEN", due=total, changed=at, version=1),
            payment(payer, name, total, at=at, status="APPROVED", changed=at),
            payment(payer, name, total, at=at, changed=at + 1, customer_id="CU", team_member_id="TM"),
            order(name, lines, at=at, version=2, changed=at + 2),
            payment(payer, name, total, at=at, changed=at + 60, customer_id="CU", team_member_id="TM"),
        ]
        self.count(at, "sale", total)

    def edited(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """A tip is added and a line taken off after the sale."""
        self.told += [
            order(name, lines, at=at, version=1, changed=at + 1),
            payment(payer, name, total, at=at, changed=at + 1),
            order(name, lines[:1], at=at, version=2, changed=at + 20, tip=50),
            payment(payer, name, total - 75, tip=50, at=at, changed=at + 20),
        ]
        self.count(at, "sale", total - 75 + 50)

    def canceled(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """Authorised, then let go."""
        self.told += [
            order(name, lines, at=at, state="OPEN", due=total, changed=at),
            payment(payer, name, total, at=at, status="APPROVED", changed=at),
            payment(payer, name, total, at=at, status="CANCELED", changed=at + 5),
            order(name, lines, at=at, version=2, state="CANCELED", changed=at + 6),
        ]
        self.count(at, "void", 1)

    def given_back(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """Sold, then part of it given back a day later."""
        self.sale(name, payer, lines, total, at)
        later = at + DAY
        self.told += [
            refund(f"R{name}", 75, payment_id=payer, order_id=f"RET{name}", at=later, status="PENDING", changed=later),
            refund(f"R{name}", 75, payment_id=payer, order_id=f"RET{name}", at=later, changed=later + 5),
            order(f"RET{name}", at=later, changed=later + 6, **returns([line("r", 75, tax=6)], source=name)),
            payment(payer, name, total, at=at, changed=later + 7, customer_id="CU", team_member_id="TM"),
        ]
        self.count(later, "refund", -75)

    def split(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """Paid by card and cash, and given back to both."""
        later = at + DAY
        self.told += [
            payment(payer, None, 50, at=at, kind="CARD", changed=at),
            payment(payer, name, 50, at=at, kind="CARD", changed=at + 1),
            payment(f"{payer}b", name, total - 50, at=at, changed=at + 1),
            order(name, lines, at=at, changed=at + 2),
            refund(f"R{name}a", 50, payment_id=payer, order_id=f"RET{name}", at=later),
            refund(f"R{name}b", total - 50, payment_id=f"{payer}b", order_id=f"RET{name}", at=later),
            order(f"RET{name}", at=later, changed=later + 6, **returns(lines, source=name)),
        ]
        self.count(at, "sale", total)
        self.count(later, "refund", -total)

    def exchanged(self, name: str, _: str, lines: list[Row], total: int, at: int) -> None:
        """New goods for old, and the difference paid out."""
        back = total + 200
        self.told += [
            order(name, lines, at=at, state="OPEN", due=0, changed=at, version=1),
            refund(f"R{name}", 200, order_id=name, at=at),
            order(name, lines, at=at, version=2, changed=at + 3, **returns([line("old", back, tax=10)], source="X")),
        ]
        self.count(at, "sale", total)
        self.count(at, "refund", -back)

    def moved(self, name: str, payer: str, lines: list[Row], total: int, at: int) -> None:
        """Taken offline: the till's clock, which arrives late, says it was two days earlier."""
        earlier = at - 2 * DAY
        offline = {"client_created_at": order(name, at=earlier).payload["created_at"]}
        self.told += [
            order(name, lines, at=at, changed=at + 1),
            payment(payer, name, total, at=at, changed=at + 1),
            payment(payer, name, total, at=at, changed=at + 30, offline_payment_details=offline),
        ]
        self.count(earlier, "sale", total)


@pytest.mark.parametrize("seed", range(2))
def test_marts_do_not_depend_on_the_way_of_arrival(books: Books, seed: int) -> None:
    """Any order, redelivery and split into runs ends in the same marts, and they are right."""
    history = SquareHistory(random.Random(seed))  # noqa: S311 - a reproducible shuffle
    heard = tell_in_any_order(books, history, "square")

    assert heard.counted == history.truth
    assert heard.odd == []
