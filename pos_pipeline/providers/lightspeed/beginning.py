"""After which version a live reading begins, when all that is known is a time.

Versions are no times, but both rise together: a change sets the next version and `updated_at` (our reading; the
documents say it of `version` only). So the list is searched as a dictionary is, by opening it and looking. vend-cli
asks the search index for the first sale sold since seven days before and takes that one's version: had that
sale been edited this morning, everything before the edit would be skipped.
"""

from datetime import datetime
from typing import NamedTuple

from pos_pipeline.providers.lightspeed.lists import Get, VersionList

HIGHEST = 2**63 - 1


class _Next(NamedTuple):
    """The first sale after a version."""

    version: int
    changed_at: datetime | None


def version_before(sales: VersionList, get: Get, moment: datetime) -> int:
    """A version after which there is everything changed at `moment` (UTC) or later, and little else.

    0 when there are no sales or all are newer. Costs about two requests for every doubling of the number of sales.

    Raises:
        UnexpectedPayload: the list is not as documented.
    """

    def is_older(sale: _Next | None) -> bool:
        return sale is not None and sale.changed_at is not None and sale.changed_at < moment

    first = _next(sales, get, 0)
    if first is None or not is_older(first):
        return 0
    # Invariant: `low` belongs to a sale that is older; whatever comes after `high` is not, `edge` first of all.
    low, high = first.version, HIGHEST
    while low <= HIGHEST // 2:
        edge = _next(sales, get, low * 2)
        if edge is None or not is_older(edge):
            high = low * 2
            break
        low = edge.version
    else:
        edge = None
    while high - low > 1:
        middle = low + (high - low) // 2
        found = _next(sales, get, middle)
        if found is not None and is_older(found):
            low = found.version
            continue
        high = middle
        if found == edge:
            # Nothing lies between the last two places looked at; perhaps nothing is left at all.
            following = _next(sales, get, low)
            if following is None or not is_older(following):
                return low
            low = following.version
        edge = found
    return low


def _next(sales: VersionList, get: Get, after: int) -> _Next | None:
    """None at the end of the list. A sale nobody can read counts as new: beginning earlier loses nothing."""
    piece = sales.page(get, after, rows=1)
    if not piece.received:
        return None
    return _Next(piece.reached or 0, piece.keys[0].changed_at if piece.keys else None)
