"""THE test for Toast: whatever order its orders, payments, menus and people arrive in, the marts are the same."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from fakes.books import Books, Row
from fakes.histories import History, tell_in_any_order
from fakes.toast_objects import (
    DAY,
    Told,
    check,
    employee,
    menu_group,
    menu_item,
    menus,
    order,
    payment,
    restaurant,
    sales_category,
    seen,
    selection,
)


class ToastHistory(History):
    """Orders of one restaurant over three days, with everything that became of them."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        old, item = menu_item("TART", "3", name="Tart"), {"salesCategory": {"guid": "CAT"}}
        self.tell(
            restaurant(guid="CENTRO"),
            restaurant(guid="CENTRO", timezone="America/Chicago", changed=30),
            employee("EM", "Rosalind", "Park"),
            employee("EM", "Rosalind", "Park", chosen="Roz", changed=9),
            sales_category("CAT", "Food"),
            sales_category("CAT", "Bakery", changed=9),
            menus(menu_group("All", menu_item("CROISSANT", "4"), old), changed=0, guid="CENTRO"),
            menus(menu_group("All", menu_item("CROISSANT", "4.5", **item), old), changed=5, guid="CENTRO"),
            menus(menu_group("All", menu_item("CROISSANT", "4.5", **item)), changed=7, guid="CENTRO"),
        )
        kinds = [
            self.sale,
            self.edited,
            self.reopened,
            self.voided,
            self.seen_voided,
            self.given_back,
            self.given_back_silently,
            self.given_back_in_parts,
            self.split,
            self.moved,
            self.moved_away,
        ]
        for number, happen in enumerate(kinds + dice.choices(kinds, k=5)):
            price = Decimal(dice.randrange(1, 40) * 25) / 100
            happen(f"O{number}", price, dice.randrange(3) * DAY + dice.randrange(300))

    def tell(self, *told: Told) -> None:
        """Versions of objects of this restaurant."""
        self.told += [replace(each, location_id="CENTRO") for each in told]

    def count(self, at: int, kind: str, amount: int | Decimal) -> None:
        """Amounts in dollars; the first day is the 14th."""
        self.counted[str(14 + at // DAY), kind] += int(amount if kind == "void" else amount * 100)

    def versions(self, name: str, price: Decimal, at: int, *changes: tuple[float, str, Row]) -> None:
        """An order `name` of one check as it was at each change: its status and the payment's fields."""
        for after, status, paid in changes:
            sold = [selection(f"{name}S", str(price), tax="0.08", back=paid.pop("lines", None), quantity="2")]
            total = str(price + Decimal("0.08"))
            payments = [payment(f"{name}P", total, at=at, server="EM", **paid)] if paid.pop("made", True) else []
            body = check(f"{name}C", sold, payments, status=status, at=at)
            self.tell(order(name, body, at=at, changed=at + after))

    def sale(self, name: str, price: Decimal, at: int) -> None:
        """Opened, paid, a tip added, captured in the morning."""
        self.versions(
            name,
            price,
            at,
            (0, "OPEN", {"made": False}),
            (1, "PAID", {"kind": "CREDIT", "status": "AUTHORIZED"}),
            (20, "PAID", {"kind": "CREDIT", "status": "AUTHORIZED", "tip": "1.00"}),
            (DAY, "CLOSED", {"kind": "CREDIT", "tip": "1.00"}),
        )
        self.count(at, "sale", price + Decimal("1.08"))

    def edited(self, name: str, price: Decimal, at: int) -> None:
        """A selection more, and another check on the same order."""
        self.versions(name, price, at, (1, "CLOSED", {}))
        total, more = str(price + Decimal("0.08")), [selection(f"{name}S2", "2.00", item=None, name=None)]
        first = check(
            f"{name}C", [selection(f"{name}S", str(price), tax="0.08")], [payment(f"{name}P", total, at=at)], at=at
        )
        second = check(f"{name}D", more, [payment(f"{name}Q", "2.00", at=at)], at=at)
        self.tell(order(name, first, second, at=at, changed=at + 9))
        self.count(at, "sale", price + Decimal("2.08"))

    def reopened(self, name: str, price: Decimal, at: int) -> None:
        """Closed, opened again, and never paid."""
        self.versions(name, price, at, (1, "CLOSED", {}), (9, "OPEN", {"made": False}))

    def voided(self, name: str, price: Decimal, at: int) -> None:
        """Paid, then let go."""
        self.versions(name, price, at, (1, "PAID", {}), (9, "VOIDED", {"voided_at": at + 9}))
        self.count(at, "void", 1)

    def seen_voided(self, name: str, price: Decimal, at: int) -> None:
        """The void of the payment shows only in the payment."""
        self.versions(name, price, at, (1, "CLOSED", {}))
        gone = payment(f"{name}P", str(price + Decimal("0.08")), at=at, voided_at=at + 9)
        self.tell(seen(name, gone, changed=at + 9))
        self.count(at, "void", 1)

    def given_back(self, name: str, price: Decimal, at: int) -> None:
        """Sold, and all of it given back a day later."""
        total = str(price + Decimal("0.08"))
        back = {"back": total, "back_at": at + DAY, "lines": (str(price), "0.08")}
        self.versions(name, price, at, (1, "CLOSED", {}), (DAY, "CLOSED", back))
        self.count(at, "sale", Decimal(total))
        self.count(at + DAY, "refund", -Decimal(total))

    def given_back_silently(self, name: str, price: Decimal, at: int) -> None:
        """The refund shows only in the payment."""
        self.versions(name, price, at, (1, "CLOSED", {}))
        total = price + Decimal("0.08")
        self.tell(seen(name, payment(f"{name}P", str(total), back="0.05", back_at=at + DAY), changed=at + DAY))
        self.count(at, "sale", total)
        self.count(at + DAY, "refund", -Decimal("0.05"))

    def given_back_in_parts(self, name: str, price: Decimal, at: int) -> None:
        """5 cents seen in the payment, 8 in the order, 10 in the payment again, another day each."""
        changes: list[tuple[float, str, Row]] = [
            (1, "CLOSED", {}),
            (DAY, "CLOSED", {"back": "0.08", "back_at": at + DAY, "lines": ("0.07", "0.01")}),
        ]
        self.versions(name, price, at, *changes)
        total = price + Decimal("0.08")
        for after, back in ((30, "0.05"), (2 * DAY, "0.10")):
            body = payment(f"{name}P", str(total), back=back, back_at=at + after)
            self.tell(seen(name, body, changed=at + after))
        self.count(at, "sale", total)
        self.count(at + 2 * DAY, "refund", -Decimal("0.10"))

    def split(self, name: str, price: Decimal, at: int) -> None:
        """Paid by card and cash, and given back to both by one refund transaction."""
        half, later = str(price), at + DAY
        sold = selection(f"{name}S", str(price * 2), tax="0.30", quantity="3")
        back = selection(f"{name}S", str(price * 2), tax="0.30", quantity="3", back=(str(price * 2), "0.30"))
        rest = str(price + Decimal("0.30"))

        def paid(*, given_back: bool) -> list[Row]:
            return [
                payment(f"{name}P", half, at=at, kind="CREDIT", back=half if given_back else None, back_at=later),
                payment(f"{name}Q", rest, at=at, back=rest if given_back else None, back_at=later),
            ]

        self.tell(
            order(name, check(f"{name}C", [sold], paid(given_back=False), at=at), at=at, changed=at + 1),
            order(name, check(f"{name}C", [back], paid(given_back=True), at=at), at=at, changed=later),
        )
        self.count(at, "sale", price * 2 + Decimal("0.30"))
        self.count(later, "refund", -(price * 2 + Decimal("0.30")))

    def moved(self, name: str, price: Decimal, at: int) -> None:
        """The check goes to another order; the old one is deleted and still has it."""
        body = check(f"{name}C", [selection(f"{name}S", str(price))], [payment(f"{name}P", str(price), at=at)], at=at)
        self.tell(
            order(name, body, at=at, changed=at + 1),
            order(f"{name}-new", body, at=at, changed=at + 5),
            order(name, body | {"deleted": True}, at=at, changed=at + 6, deleted=True),
        )
        self.count(at, "sale", price)

    def moved_away(self, name: str, price: Decimal, at: int) -> None:
        """The check goes to an order that lives; that the old one lost it is never told."""
        body = check(f"{name}C", [selection(f"{name}S", str(price))], [payment(f"{name}P", str(price), at=at)], at=at)
        other = check(f"{name}D", [selection(f"{name}T", "1.00")], [payment(f"{name}Q", "1.00", at=at)], at=at)
        self.tell(
            order(name, body, at=at, changed=at + 1),
            order(f"{name}-new", other, at=at, changed=at + 2),
            order(f"{name}-new", other, body, at=at, changed=at + 5),
        )
        self.count(at, "sale", price + 1)


@pytest.mark.parametrize("seed", range(2))
def test_marts_do_not_depend_on_the_way_of_arrival(books: Books, seed: int) -> None:
    """Any order, redelivery and split into runs ends in the same marts, and they are right."""
    history = ToastHistory(random.Random(seed))  # noqa: S311 - a reproducible shuffle
    heard = tell_in_any_order(books, history, "toast")

    assert heard.counted == history.truth
    assert heard.odd == []
