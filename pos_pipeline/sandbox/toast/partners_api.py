"""`/partners/v1`: which restaurants added the partner's integration."""

from urllib.parse import urlencode

from pos_pipeline.sandbox.shop.clock import MILLISECOND
from pos_pipeline.sandbox.toast.call import Answer, Call
from pos_pipeline.sandbox.toast.errors import forbidden, invalid
from pos_pipeline.sandbox.toast.render.people import render_partner_row
from pos_pipeline.sandbox.toast.wire import Json, parse_time, parse_whole

DEFAULT_ROWS, MOST_ROWS = 100, 200
_LISTING = "connectedRestaurants"


def list_restaurants(call: Call) -> Answer:
    """All of them in one array."""
    return Answer(_rows(call))


def connected_restaurants(call: Call) -> Answer:
    """The same page by page, in an envelope that says how many there are."""
    rows = _rows(call)
    size = min(MOST_ROWS, parse_whole(call.query.get("pageSize"), "pageSize", DEFAULT_ROWS))
    token = call.query.get("pageToken")
    place = (_LISTING, 0) if not token else call.cloud.resume(token)
    if place is None or place[0] != _LISTING:
        raise invalid("pageToken is unknown or has expired")
    offset = place[1]
    number, last = offset // size + 1, max(1, -(-len(rows) // size))
    next_token = call.cloud.pages.issue(_LISTING, offset + size) if number < last else None
    links = [] if next_token is None else [("link", _link(call, next_token))]
    return Answer(
        {
            "currentPageNum": number,
            "results": rows[offset : offset + size],
            "totalResultCount": len(rows),
            "pageSize": size,
            "currentPageToken": token or None,
            "nextPageToken": next_token,
            "totalCount": len(rows),
            "nextPageNum": None if next_token is None else number + 1,
            "lastPageNum": last,
            "previousPageNum": number - 1 or None,
        },
        links,
    )


def _rows(call: Call) -> list[Json]:
    if call.client.merchant_key is not None:
        raise forbidden("The client is not a partner")
    text = call.query.get("lastModified")
    since = parse_time(text, "lastModified") if text else 0
    cloud = call.cloud
    return [
        render_partner_row(cloud.context_of(row.restaurant_guid), row)
        for row in cloud.connections.all()
        if row.modified_ms * MILLISECOND >= since
    ]


def _link(call: Call, token: str) -> str:
    return f'<{call.url}?{urlencode({**call.query, "pageToken": token})}>; rel="next"'
