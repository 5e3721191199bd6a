"""The world: merchants that have traded for a while and go on when told to.

    options ──▶ history up to the anchor ──actions──▶ more sales, edits, refunds, voids

It is a pure function of its options and of the list of actions taken, so a world is stored as
exactly that and rebuilt by replaying. Time passes only by actions: `now` is the anchor moved on.
"""

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from itertools import count
from random import Random

from msgspec import Struct

from pos_pipeline.sandbox.shop import aftermath
from pos_pipeline.sandbox.shop.aftermath import FollowUp, apply_to
from pos_pipeline.sandbox.shop.clock import DAY, HOUR, Instant
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.merchants import DEFAULT_MERCHANTS, LocationSpec, MerchantSpec
from pos_pipeline.sandbox.shop.pattern import arrival_times
from pos_pipeline.sandbox.shop.people import make_cards
from pos_pipeline.sandbox.shop.records import Sale
from pos_pipeline.sandbox.shop.ringing import Rung, ring_up

_HORIZON = 14 * HOUR
"""A local day begins at most this long before the UTC day of the same date."""
_LOCATION_STEP = 10**14
_DAY_STEP = 10**9


class WorldOptions(Struct, frozen=True):
    """What a world is made from."""

    anchor: Instant
    """The moment its history ends."""
    seed: int = 1
    days: int = 90
    sales_per_day: float = 20.0
    """Per location and day, on average over the week and for a location of weight 1."""
    merchants: tuple[MerchantSpec, ...] = DEFAULT_MERCHANTS


class Action(Struct, frozen=True, omit_defaults=True):
    """Something done to the world after its history.

    Time passes until `until`; with `sales` the shops are otherwise closed meanwhile and exactly
    so many sales are rung up, by `merchant_key` or by all.
    """

    until: Instant
    sales: int = 0
    merchant_key: str | None = None


class World:
    """Merchants, their past and their pending future. Not safe for threads: callers take turns."""

    def __init__(self, options: WorldOptions, actions: Sequence[Action] = ()) -> None:
        cards = make_cards(options.seed)
        self.options = options
        self.now = options.anchor
        self.merchants = {
            spec.key: Merchant(options.seed, options.anchor, options.days, spec, cards) for spec in options.merchants
        }
        self.actions: list[Action] = []
        self._pending: list[tuple[Instant, int, Merchant, Sale, FollowUp, Sequence[FollowUp]]] = []
        self._serial = count()
        self._next_day = options.anchor // DAY - options.days
        self._closed_from: list[Instant] = []
        self._closed_until: list[Instant] = []
        self._touched: dict[tuple[str, int], Sale] = {}
        self._run(options.anchor)
        for action in actions:
            self.take(action)

    def take(self, action: Action) -> list[Sale]:
        """Do one action; the result is every sale that is new or changed, in order of first change.

        Raises:
            ValueError: the action would turn time back.
            KeyError: no such merchant.
        """
        if action.until < self.now:
            raise ValueError(f"the world is at {self.now} already; it cannot go back to {action.until}")
        if action.merchant_key is not None:
            self.merchants[action.merchant_key]
        self._touched = {}
        if action.sales:
            self._closed_from.append(self.now)
            self._closed_until.append(action.until)
            serial = len(self.actions)
            chosen = [m for m in self.merchants.values() if action.merchant_key in (None, m.spec.key)]
            rnd = Random(f"{self.options.seed}:ring:{serial}")
            for rung in ring_up(chosen, action.sales, start=self.now, until=action.until, serial=serial, rnd=rnd):
                self._expect(rung)
        self._run(action.until)
        self.now = action.until
        self.actions.append(action)
        return list(self._touched.values())

    def _expect(self, rung: Rung) -> None:
        first, *rest = rung.life
        entry = (first.at, next(self._serial), rung.merchant, rung.sale, first, rest)
        heapq.heappush(self._pending, entry)

    def _run(self, until: Instant) -> None:
        """Let everything happen that is due by `until`, in order."""
        last_day = (until + _HORIZON) // DAY
        while self._next_day <= last_day:
            for merchant in self.merchants.values():
                for ordinal, location in enumerate(merchant.spec.locations):
                    if merchant.trades(location, self._next_day):
                        self._plan(merchant, ordinal, location, self._next_day)
            self._next_day += 1
            self._settle(min(until, self._next_day * DAY - _HORIZON))
        self._settle(until)

    def _plan(self, merchant: Merchant, ordinal: int, location: LocationSpec, day: int) -> None:
        rnd = Random(f"{self.options.seed}:{merchant.spec.key}:{location.key}:{day}")
        number = ordinal * _LOCATION_STEP + day * _DAY_STEP
        for at in arrival_times(location, day, self.options.sales_per_day, rnd):
            number += 1
            sale, life = merchant.till.serve(location, at, number, rnd)
            self._expect(Rung(merchant, sale, life))

    def _settle(self, until: Instant) -> None:
        pending, touched = self._pending, self._touched
        while pending and pending[0][0] <= until:
            _, _, merchant, sale, follow_up, rest = heapq.heappop(pending)
            if follow_up.code in (aftermath.ARRIVE, aftermath.EXCHANGE):
                if self._was_closed(sale):
                    continue
                for changed in merchant.receive(sale, follow_up):
                    touched[changed.merchant_key, changed.number] = changed
                for later in rest:
                    heapq.heappush(pending, (later.at, next(self._serial), merchant, sale, later, ()))
            else:
                further = apply_to(sale, follow_up)
                touched[sale.merchant_key, sale.number] = sale
                if further is not None:
                    heapq.heappush(pending, (further.at, next(self._serial), merchant, sale, further, ()))

    def _was_closed(self, sale: Sale) -> bool:
        """Whether a planned customer found the door shut because sales were being rung up on request."""
        if sale.is_rung or not self._closed_from:
            return False
        position = bisect_right(self._closed_from, sale.paid_at) - 1
        return position >= 0 and sale.paid_at <= self._closed_until[position]
