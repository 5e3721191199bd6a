"""`/config/v2`: lists of a restaurant's settings, paged by a token that a header carries."""

from pos_pipeline.sandbox.toast.call import Answer, Call, Handler
from pos_pipeline.sandbox.toast.errors import ToastError, invalid, not_found
from pos_pipeline.sandbox.toast.render.config import RESOURCES
from pos_pipeline.sandbox.toast.wire import parse_guid, parse_time

NEXT_PAGE = "Toast-Next-Page-Token"


def list_of(resource: str) -> Handler:
    """The handler of one resource's list; archived rows are never in it."""

    def serve(call: Call) -> Answer:
        rows = RESOURCES[resource](call.book.context, call.now)
        if text := call.query.get("lastModified"):
            since = parse_time(text, "lastModified")
            rows = [row for row in rows if row.modified_at >= since]
        offset = _offset(call, resource)
        size = call.cloud.options.config_page_rows
        page = [row.body for row in rows[offset : offset + size]]
        if offset + size >= len(rows):
            return Answer(page)
        return Answer(page, [(NEXT_PAGE, call.cloud.pages.issue(f"{call.book.context.key}:{resource}", offset + size))])

    return serve


def one_of(resource: str) -> Handler:
    """The handler of one row of a resource."""

    def serve(call: Call) -> Answer:
        guid = parse_guid(call.path["guid"])
        for row in RESOURCES[resource](call.book.context, call.now):
            if row.body["guid"] == guid:
                return Answer(row.body)
        raise not_found(resource, guid)

    return serve


def _offset(call: Call, resource: str) -> int:
    token = call.query.get("pageToken")
    if not token:
        return 0
    place = call.cloud.resume(token)
    if place is None:
        raise ToastError(409, "The configuration was published while it was read; start again without pageToken")
    if place[0] != f"{call.book.context.key}:{resource}":
        raise invalid("pageToken belongs to another list")
    return place[1]
