"""Lists by version: what comes after a version, or before one, in pages that rise by version.

The end is an empty page and nothing else: a page may come short before it.
"""

from collections.abc import Iterable, Sequence

from pos_pipeline.sandbox.lightspeed.call import Call
from pos_pipeline.sandbox.lightspeed.render.rows import Entry
from pos_pipeline.sandbox.lightspeed.wire import Json

DEFAULT_ROWS = 100
MOST_ROWS = 1000
MOST_SALES = 500
_EVERYTHING = 2**63


def list_sales(call: Call) -> bytes:
    """Sales of every status and outlet, deleted ones too. Default pages of 100, at most 500."""
    size = call.page_size(DEFAULT_ROWS, MOST_SALES)
    after, before = call.whole_number("after", 0), call.whole_number("before", 0)
    timeline = call.book.by_version
    if before:
        found = timeline.before(before, size, after)
        rest = found[-_page(call, len(found), size) :] if found else found
    else:
        found = timeline.after(after, size)
        rest = found[: _page(call, len(found), size)]
    items = [call.book[identifier] for identifier in rest]
    low, high = (str(items[0].version), str(items[-1].version)) if items else ("null", "null")
    data = b",".join([call.book.body(item) for item in items])
    return b'{"data":[' + data + b'],"version":' + f'{{"min":{low},"max":{high}}}}}'.encode()


def list_entries(call: Call, entries: Iterable[Entry], *, hides_deleted: bool = True) -> Json:
    """One page of reference data. Default 100, at most 1000 rows; deleted ones on request."""
    shown = [entry for entry in entries if call.wants_deleted or not (hides_deleted and entry.is_deleted)]
    size = call.page_size(DEFAULT_ROWS, MOST_ROWS)
    after, before = call.whole_number("after", 0), call.whole_number("before", 0)
    found = sorted(
        (entry for entry in shown if after < entry.version < (before or _EVERYTHING)),
        key=lambda entry: entry.version,
    )
    if before:
        found = found[-size:]
        page: Sequence[Entry] = found[-_page(call, len(found), size) :] if found else found
    else:
        found = found[:size]
        page = found[: _page(call, len(found), size)]
    bounds = (page[0].version, page[-1].version) if page else (None, None)
    return {"data": [entry.body for entry in page], "version": {"min": bounds[0], "max": bounds[1]}}


def _page(call: Call, found: int, size: int) -> int:
    """How many of the rows found are shown: full pages come short now and then, never empty."""
    return call.cloud.page_size(size) if found == size else found
