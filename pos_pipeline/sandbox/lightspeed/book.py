"""One retailer's sales as X-Series keeps them, projected from the shop's, by version and by date."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from pos_pipeline.sandbox.bodies import Bodies, BodyBudget
from pos_pipeline.sandbox.lightspeed.item import Item, whole_second
from pos_pipeline.sandbox.lightspeed.render.bill import Bill, bill_of_return, bill_of_sale
from pos_pipeline.sandbox.lightspeed.render.context import Context
from pos_pipeline.sandbox.lightspeed.render.sales import render_sale
from pos_pipeline.sandbox.lightspeed.statuses import is_deleted, return_status, sale_date, status_of
from pos_pipeline.sandbox.lightspeed.versions import return_changed_at, sale_changed_at
from pos_pipeline.sandbox.lightspeed.wire import encode
from pos_pipeline.sandbox.shop.records import DRAWER, Sale
from pos_pipeline.sandbox.shop.world import World


class Timeline:
    """Ids in the order of some number."""

    def __init__(self, keys: Iterable[tuple[int, str]] = ()) -> None:
        self._keys = sorted(keys)

    def move(self, identifier: str, old: int | None, new: int) -> None:
        """Put an id where its new number belongs."""
        if old is not None:
            del self._keys[bisect_left(self._keys, (old, identifier))]
        insort(self._keys, (new, identifier))

    def ids(self, low: int | None, high: int | None) -> Sequence[str]:
        """Ids with numbers from `low` up to but not including `high`, rising."""
        first = 0 if low is None else bisect_left(self._keys, (low, ""))
        last = len(self._keys) if high is None else bisect_left(self._keys, (high, ""))
        return [identifier for _, identifier in self._keys[first:last]]

    def after(self, number: int, limit: int, before: int | None = None) -> list[str]:
        """The first `limit` ids above a number."""
        first = bisect_right(self._keys, (number, "\x7f"))
        last = len(self._keys) if before is None else bisect_left(self._keys, (before, ""))
        return [identifier for _, identifier in self._keys[first : min(last, first + limit)]]

    def before(self, number: int, limit: int, after: int = 0) -> list[str]:
        """The last `limit` ids below a number, rising."""
        last = bisect_left(self._keys, (number, ""))
        first = bisect_right(self._keys, (after, "\x7f"))
        return [identifier for _, identifier in self._keys[max(first, last - limit) : last]]


class Book:
    """Sales and returns of one retailer."""

    def __init__(self, world: World, context: Context, budget: BodyBudget) -> None:
        self.context = context
        self._world = world
        self._bodies = Bodies(budget)
        self._places: dict[int, int] = {}
        self._items: dict[str, Item] = {}
        self._number_new_sales()
        for sale in context.merchant.sales:
            for item in self._items_of(sale):
                self._items[item.id] = item
        self.by_version = Timeline((item.version, item.id) for item in self._items.values())
        self.by_date = Timeline((whole_second(item.sale_date), item.id) for item in self._items.values())

    def get(self, identifier: str) -> Item | None:
        """The sale or return with this id, if there is one."""
        return self._items.get(identifier)

    def __getitem__(self, identifier: str) -> Item:
        """The sale or return with an id out of a timeline."""
        return self._items[identifier]

    def absorb(self, sale: Sale) -> list[Item]:
        """Take over the sale as it is now; the result is what changed."""
        self._number_new_sales()
        changed = []
        for item in self._items_of(sale):
            old = self._items.get(item.id)
            if old is None or old.version != item.version:
                self._items[item.id] = item
                self._bodies.drop(item.id)
                self.by_version.move(item.id, None if old is None else old.version, item.version)
                sold = None if old is None else whole_second(old.sale_date)
                self.by_date.move(item.id, sold, whole_second(item.sale_date))
                changed.append(item)
        return changed

    def body(self, item: Item) -> bytes:
        """The sale's JSON in the shape of the 2.0 API."""
        return self._bodies.get(item.id, partial(self._render, item))

    def bill(self, item: Item) -> Bill:
        """What the sale comes to."""
        if item.refund_index is None:
            return bill_of_sale(self.context, item.sale)
        return bill_of_return(self.context, item.sale, item.sale.refunds[item.refund_index])

    def _render(self, item: Item) -> bytes:
        return encode(render_sale(self.context, self.bill(item), item))

    def _number_new_sales(self) -> None:
        sales = self.context.merchant.sales
        for place in range(len(self._places), len(sales)):
            self._places[sales[place].number] = place

    def _items_of(self, sale: Sale) -> Iterator[Item]:
        """The sale and its returns. Opening the drawer is nothing; the change of an exchange is in its sale."""
        if sale.kind == DRAWER:
            return
        place = self._places[sale.number]
        at = self.context.versions.at
        changed_at = sale_changed_at(self._world, sale)
        yield Item(
            self.context.sale_id(sale),
            at(changed_at, 2 * place),
            changed_at,
            sale_date(sale),
            status_of(sale),
            is_deleted=False,
            serial=2 * place + 1,
            sale=sale,
        )
        for index, refund in enumerate(sale.refunds):
            if refund.exchange_number is None:
                changed_at = return_changed_at(refund)
                yield Item(
                    self.context.return_id(refund),
                    at(changed_at, 2 * place + 1),
                    changed_at,
                    refund.at,
                    return_status(refund),
                    is_deleted=is_deleted(refund),
                    serial=2 * place + 2,
                    sale=sale,
                    refund_index=index,
                )
