"""One restaurant's orders as Toast keeps them, in the order of their modification.

Bodies are rendered when first read. Captures happen as the world's time passes the closeout, so a
book is told the time with every change (`settle`).
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from msgspec import Struct

from pos_pipeline.sandbox.bodies import Bodies, BodyBudget
from pos_pipeline.sandbox.shop.clock import MILLISECOND, Instant
from pos_pipeline.sandbox.shop.records import DRAWER, Sale
from pos_pipeline.sandbox.toast.closeout import capture_at, modified_at
from pos_pipeline.sandbox.toast.payments import PaymentIndex
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.orders import FULL_GUEST, View, opened_at_of, render_moved, render_order
from pos_pipeline.sandbox.toast.wire import encode

_MOVED_EVERY = 83
"""One check in so many was moved here from another order, which stays behind deleted."""


class Item(Struct, frozen=True, gc=False):
    """One order and what it is rendered from."""

    guid: str
    modified_at: Instant
    business_date: int
    sale: Sale
    seen_at: Instant
    """When the ticket last changed."""
    changed_at: Instant
    """The same as far as it shows, which a silent refund does not."""
    mark: tuple[object, ...] = ()
    """Differs once something was given back."""
    captured_at: Instant | None = None
    is_moved: bool = False


class Book:
    """Orders and payments of one restaurant."""

    def __init__(self, context: Context, budget: BodyBudget, now: Instant) -> None:
        self.context = context
        self.now = now
        self._bodies = Bodies(budget)
        self._items: dict[str, Item] = {}
        self._timeline: list[tuple[Instant, str]] = []
        self._by_date: dict[int, set[str]] | None = None
        self._payments: PaymentIndex | None = None
        self._handed_in: dict[int, Sale] = {}
        self._touched: dict[str, Instant] = {}
        self._captures: list[tuple[Instant, str]] = []
        sales = [sale for sale in context.merchant.sales_at[context.location.key] if sale.kind != DRAWER]
        for sale in sales:
            self._note_exchange(sale)
        for sale in sales:
            for item in self._items_of(sale):
                self._items[item.guid] = item
        self._timeline = sorted((item.modified_at, item.guid) for item in self._items.values())

    def absorb(self, sale: Sale, *, silently: bool = False) -> list[Item]:
        """Take over the sale as it is now; the result is what changed by its `modifiedDate`.

        With `silently`, giving something back does not count as a modification.
        """
        if sale.kind == DRAWER:
            return []
        self._note_exchange(sale)
        return [item for item in self._items_of(sale, silently=silently) if self._put(item)]

    def settle(self, now: Instant) -> list[Item]:
        """Let the nightly batches run that are due by `now`; the result is what they modified."""
        self.now = now
        changed = []
        while self._captures and self._captures[0][0] <= now:
            sale = self._items[heapq.heappop(self._captures)[1]].sale
            changed += [item for item in self._items_of(sale) if self._put(item)]
        return changed

    def touch(self, guid: str) -> None:
        """Modify an order without changing anything else in it."""
        self._touched[guid] = _cut(self.now)
        for item in self._items_of(self._items[guid].sale):
            self._put(item)

    def get(self, guid: str) -> Item | None:
        """The order with this GUID, if there is one."""
        return self._items.get(guid)

    def modified_between(self, start: Instant, end: Instant) -> list[Item]:
        """Orders modified in [start, end), in no order a client could rely on."""
        first, last = bisect_left(self._timeline, (start, "")), bisect_left(self._timeline, (end, ""))
        return self._shuffled(guid for _, guid in self._timeline[first:last])

    def of_business_date(self, date: int) -> list[Item]:
        """Orders opened or promised on a business date."""
        if self._by_date is None:
            self._by_date = {}
            for item in self._items.values():
                self._by_date.setdefault(item.business_date, set()).add(item.guid)
        return self._shuffled(self._by_date.get(date, ()))

    def body(self, item: Item, guest: str = FULL_GUEST) -> bytes:
        """The order's JSON. Only the full one is kept."""
        if guest == FULL_GUEST:
            return self._bodies.get(item.guid, lambda: self._render(item, guest))
        return self._render(item, guest)

    @property
    def payments(self) -> PaymentIndex:
        """Payments by GUID and by their dates; made when first asked for."""
        if self._payments is None:
            self._payments = PaymentIndex(self.context)
            for item in self._items.values():
                if not item.is_moved:
                    self._payments.put(self.view(item))
        return self._payments

    def view(self, item: Item) -> View:
        """What an order is rendered from."""
        return View(item.sale, item.modified_at, item.captured_at, self._handed_in.get(item.sale.number))

    def _render(self, item: Item, guest: str) -> bytes:
        if item.is_moved:
            return encode(render_moved(self.context, item.sale))
        return encode(render_order(self.context, self.view(item), guest))

    def _shuffled(self, guids: Iterable[str]) -> list[Item]:
        """GUIDs are random, so their order is arbitrary but the same every time; what was touched went to the end."""
        return [self._items[guid] for guid in sorted(guids, key=lambda guid: (self._touched.get(guid, 0), guid))]

    def _note_exchange(self, sale: Sale) -> None:
        if sale.returned is not None:
            self._handed_in[sale.returned.source.number] = sale

    def _items_of(self, sale: Sale, *, silently: bool = False) -> Iterator[Item]:
        guid = self.context.order_guid(sale)
        old = self._items.get(guid)
        mark = (*(refund.state for refund in sale.refunds), sale.number in self._handed_in)
        changed_at = sale.changed_at
        if old is not None and (old.seen_at == sale.changed_at or (silently and old.mark != mark)):
            changed_at = old.changed_at
        capture = capture_at(self.context.timezone, sale)
        captured = capture if capture is not None and capture <= self.now else None
        if capture is not None and captured is None:
            heapq.heappush(self._captures, (capture, guid))
        modified = max(modified_at(sale, changed_at, captured), self._touched.get(guid, 0))
        date = self.context.business_date(opened_at_of(self.context, sale))
        yield Item(guid, _cut(modified), date, sale, sale.changed_at, changed_at, mark, captured)
        if sale.number % _MOVED_EVERY == 0:
            at = sale.arrived_at
            yield Item(self.context.moved_guid(sale), _cut(at), date, sale, at, at, is_moved=True)

    def _put(self, item: Item) -> bool:
        """Keep an order's newest version; whether that is a modification."""
        old = self._items.get(item.guid)
        self._items[item.guid] = item
        self._bodies.drop(item.guid)
        if self._payments is not None and not item.is_moved:
            self._payments.put(self.view(item))
        if self._by_date is not None:
            if old is not None:
                self._by_date[old.business_date].discard(old.guid)
            self._by_date.setdefault(item.business_date, set()).add(item.guid)
        if old is not None and old.modified_at == item.modified_at:
            return False
        if old is not None:
            del self._timeline[bisect_left(self._timeline, (old.modified_at, old.guid))]
        insort(self._timeline, (item.modified_at, item.guid))
        return True


def _cut(at: Instant) -> Instant:
    """What is left of an instant in a payload."""
    return at // MILLISECOND * MILLISECOND
