"""Histories of shops, told to books in any order.

One history is told to many shops at once, each hearing it in an order of its own, with repetitions, cut
into loads and runs at random. All of them must end with the same books, the books the history itself
says, and keep them through a full rebuild. Each POS's test writes a history in that POS's objects.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from fakes.books import Books, Shop, Told

RUNS = 4
SHOPS = 6
DAY = 24 * 60
MARTS = (
    "fct_transactions",
    "fct_transaction_items",
    "fct_transaction_tenders",
    "fct_daily_product_sales",
    "fct_daily_volumes",
    "fct_hourly_volumes",
    "dim_products",
    "fct_product_prices",
    "fct_unmapped_products",
    "fct_data_quality",
    "pos_transactions",
    "pos_transaction_items",
)
Snapshot = dict[str, set[str]]


class History:
    """What happened in a shop, as versions of objects, and what its owner counted by day of September."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.told: list[Told] = []
        self.counted: Counter[tuple[str, str]] = Counter()

    def count(self, at: int, kind: str, amount: int) -> None:
        """The owner counts `amount` on the day of `at`: cents of a sale or refund, or a number of voids."""
        self.counted[str(18 + at // DAY), kind] += amount

    @property
    def truth(self) -> dict[tuple[str, str], int]:
        """What the owner counted and is not nothing."""
        return {key: amount for key, amount in self.counted.items() if amount}

    def portions(self, number: int) -> Iterator[list[Told]]:
        """Everything in some order, some of it twice, in `number` portions."""
        heard = self.told + self.dice.sample(self.told, len(self.told) // 4)
        self.dice.shuffle(heard)
        cuts = sorted(self.dice.randrange(len(heard)) for _ in range(number - 1))
        for start, end in zip([0, *cuts], [*cuts, len(heard)], strict=True):
            yield heard[start:end]


@dataclass(frozen=True)
class Heard:
    """What the books of all shops came to after they heard one history."""

    counted: dict[tuple[str, str], int]
    """What the first shop's owner would count."""
    odd: list[tuple[str, str]]
    """(mart, row) that not all shops have, or that a full rebuild does not bring back."""


def tell_in_any_order(books: Books, history: History, pos_provider: str) -> Heard:
    """Tell the history to several shops, in orders, loads and runs of their own, and then build all marts again."""
    shops = [books.open_shop(pos_provider=pos_provider) for _ in range(SHOPS)]
    portions = [list(history.portions(RUNS)) for _ in shops]
    for turn in range(RUNS):
        for shop, heard in zip(shops, portions, strict=True):
            half = len(heard[turn]) // 2
            books.load(shop, *heard[turn][:half])
            books.load(shop, *heard[turn][half:])
        books.run()
    ended = [_snapshot(books, shop) for shop in shops]
    counted = _counted(books, shops[0])
    books.run(full_refresh=True)
    ended += [_snapshot(books, shop) for shop in shops]
    odd = {(mart, row) for other in ended for mart in MARTS for row in other[mart] ^ ended[0][mart]}
    return Heard(counted, sorted(odd))


def _snapshot(books: Books, shop: Shop) -> Snapshot:
    """Every mart of a shop, without the UUIDs that are its own and the batch that made the row."""
    return {
        mart: {
            str({name: value for name, value in row.items() if name != "_batch_id" and not isinstance(value, UUID)})
            for row in books.rows(f"marts.{mart}", shop)
        }
        for mart in MARTS
    }


def _counted(books: Books, shop: Shop) -> dict[tuple[str, str], int]:
    """What the marts say an owner counts: cents of sales and refunds, number of voids, by day of September."""
    sums: Counter[tuple[str, str]] = Counter()
    for day, sales, refunds, voids in books.rows(
        "marts.fct_daily_volumes", shop, "business_date", "sales_amount", "refund_amount", "void_count"
    ):
        sums[str(day.day), "sale"] += int(sales * 100)
        sums[str(day.day), "refund"] -= int(refunds * 100)
        sums[str(day.day), "void"] += voids
    return {key: amount for key, amount in sums.items() if amount}
