"""A sale or return of the cloud, as its lists know it."""

from msgspec import Struct

from pos_pipeline.sandbox.shop.clock import SECOND, Instant
from pos_pipeline.sandbox.shop.records import Sale


class Item(Struct, frozen=True, gc=False):
    """One sale of the cloud: where it stands and what it is rendered from."""

    id: str
    version: int
    changed_at: Instant
    sale_date: Instant
    status: str
    is_deleted: bool
    serial: int
    """Its place in the retailer's numbering of invoices."""
    sale: Sale
    refund_index: int | None = None
    """Position of the refund that the return is; None for the sale itself."""


def whole_second(instant: Instant) -> Instant:
    """The instant as a client reads it."""
    return instant // SECOND * SECOND
