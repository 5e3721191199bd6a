"""Version numbers: one rising sequence per retailer, computed from when things changed.

    version = 2**33 + (microseconds since long before the shop opened) * 2**15 + place

A pure function of the world, so that a sandbox that starts again numbers as it did. The place tells
apart what changed at the same moment. Numbers leave wide gaps and soon exceed 2**53, so that whoever
reads them as 32-bit integers or as floats is found out.
"""

from typing import Final

from pos_pipeline.sandbox.shop.clock import DAY, SECOND, Instant
from pos_pipeline.sandbox.shop.records import Refund, Sale
from pos_pipeline.sandbox.shop.ringing import ring_of
from pos_pipeline.sandbox.shop.world import World

FIRST: Final = 2**33
_PLACE_BITS: Final = 15
_LONG_BEFORE: Final = 800 * DAY


class Versions:
    """The numbers of one retailer that opened at `opened_at`."""

    def __init__(self, opened_at: Instant) -> None:
        self._epoch = opened_at - _LONG_BEFORE

    def at(self, changed_at: Instant, place: int) -> int:
        """The version of what changed at a moment; `place` differs among neighbours in time."""
        return FIRST + (changed_at - self._epoch << _PLACE_BITS) + place % (1 << _PLACE_BITS)


def sale_changed_at(world: World, sale: Sale) -> Instant:
    """When the servers last heard of a change to the sale.

    That is after anything they heard of before: a live world rings up sales on request in the
    seconds before the request, which may already have been read.
    """
    if not sale.is_rung:
        return sale.changed_at
    ring = ring_of(sale)
    asked_at = world.actions[ring - 1].until if ring else world.options.anchor
    return max(sale.changed_at, asked_at + 1)


def return_changed_at(refund: Refund) -> Instant:
    """When the servers last heard of a change to the refund; of the refund itself, a second after it was made."""
    return max(refund.changed_at, refund.at + SECOND)
