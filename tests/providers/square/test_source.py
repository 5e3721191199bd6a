"""Square's recipes: what is asked, in which order, and what happens when the cloud misbehaves."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pos_pipeline.errors import CursorExpired, ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Page, Source, Window
from pos_pipeline.providers.square.source import read_locations, read_stream

NOON = datetime(2026, 9, 18, 12, tzinfo=UTC)
Answer = Callable[[str, dict[str, Any]], object]


class ScriptedApi:
    """Answers by a function of path and query; remembers what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """A GET's query is its parameters."""
        return self.post(path, params or {})

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """The scripted answer, as JSON unless it is bytes already."""
        self.asked.append((path, dict(json)))
        body = self._answer(path, dict(json))
        return body if isinstance(body, bytes) else _dump(body)


def _dump(body: object) -> bytes:
    return json.dumps(body).encode()


def source(shops: int = 1) -> Source:
    """A merchant with this many shops."""
    return Source(UUID(int=1), "M1", tuple(f"L{n}" for n in range(shops)), {})


def order(number: int, at: datetime) -> dict[str, Any]:
    """The least an order can be."""
    return {"id": f"o{number}", "updated_at": at.isoformat().replace("+00:00", "Z"), "location_id": "L0", "version": 1}


def read(api: ScriptedApi, stream: str, shops: int = 1, **bounds: Any) -> list[Page]:
    """All pages of a stream."""
    return list(read_stream(api, source(shops), stream, **bounds))


def test_payments_are_asked_for_at_every_location() -> None:
    """Without a location Square answers for the main one only; creation time must not cut anything off."""
    api = ScriptedApi(lambda *_: {})

    read(api, "payments", shops=3, since=NOON)

    assert [query["location_id"] for _, query in api.asked] == ["L0", "L1", "L2"]
    assert api.asked[0] == (
        "/v2/payments",
        {
            "begin_time": "1970-01-01T00:00:00Z",
            "updated_at_begin_time": "2026-09-18T12:00:00.000000Z",
            "sort_field": "UPDATED_AT",
            "sort_order": "ASC",
            "location_id": "L0",
            "limit": 100,
        },
    )


def test_orders_are_searched_ten_locations_at_a_time() -> None:
    """SearchOrders takes ten; filter and sort agree, under `query`, oldest first."""
    api = ScriptedApi(lambda *_: {})

    read(api, "orders", shops=12, window=Window(NOON, NOON + timedelta(days=1)))

    assert [len(query["location_ids"]) for _, query in api.asked] == [10, 2]
    assert api.asked[0][1]["query"] == {
        "filter": {
            "date_time_filter": {
                "updated_at": {"start_at": "2026-09-18T12:00:00.000000Z", "end_at": "2026-09-19T12:00:00.000000Z"}
            }
        },
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }


def test_refunds_are_asked_for_once_for_all_locations() -> None:
    """ListPaymentRefunds without a location covers them all; asking per shop would cost a request each."""
    api = ScriptedApi(lambda *_: {})

    read(api, "refunds", shops=12, since=NOON)

    assert len(api.asked) == 1
    assert api.asked[0][1]["begin_time"] == "1970-01-01T00:00:00Z"


def test_only_the_cursor_ends_a_list() -> None:
    """Short and empty pages that carry a cursor are followed by others; the query stays the same."""
    pages = iter([{"cursor": "a"}, {"orders": [order(1, NOON)], "cursor": "b"}, {}])
    api = ScriptedApi(lambda *_: next(pages))

    read_ids = [record.id for page in read(api, "orders", since=NOON) for record in page.records]

    assert read_ids == ["o1"]
    assert [query.pop("cursor", None) for _, query in api.asked] == [None, "a", "b"]
    assert api.asked[0] == api.asked[1] == api.asked[2]


def test_expired_cursor_restarts_at_the_last_change_seen() -> None:
    """Nothing is skipped: the new window begins at the last object yielded, not after it."""

    def answer(_: str, query: dict[str, Any]) -> object:
        start = query["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"]
        if query.get("cursor"):
            raise CursorExpired("square: INVALID_CURSOR")
        if start.startswith("2026-09-18T12:00"):
            return {"orders": [order(1, NOON), order(2, NOON + timedelta(minutes=5))], "cursor": "old"}
        return {"orders": [order(2, NOON + timedelta(minutes=5)), order(3, NOON + timedelta(minutes=6))]}

    api = ScriptedApi(answer)

    ids = [record.id for page in read(api, "orders", since=NOON) for record in page.records]

    assert ids == ["o1", "o2", "o2", "o3"]


@pytest.mark.parametrize("stream", ["orders", "catalog", "customers"])
def test_cursor_that_always_expires_ends_in_an_error(stream: str) -> None:
    """A cloud whose cursors die at once is unavailable; we do not ask for ever."""

    def answer(_: str, query: dict[str, Any]) -> object:
        if query.get("cursor"):
            raise CursorExpired("square: INVALID_CURSOR")
        return {"cursor": "dead"}

    with pytest.raises(ProviderUnavailable, match="cursor expired"):
        read(ScriptedApi(answer), stream, since=NOON)


def test_catalog_brings_deleted_objects_and_its_own_position() -> None:
    """The next start is the answer's latest_time; sellable variations are reported, deleted ones are not."""
    body = {
        "objects": [
            {"id": "V1", "type": "ITEM_VARIATION", "updated_at": "2026-09-18T10:00:00.1Z", "version": 5},
            {"id": "V2", "type": "ITEM_VARIATION", "updated_at": "2026-09-18T10:00:00Z", "is_deleted": True},
            {"id": "I1", "type": "ITEM", "updated_at": "2026-09-18T10:00:00Z"},
        ],
        "latest_time": "2026-09-18T11:59:59.123456789Z",
    }
    api = ScriptedApi(lambda *_: body)

    [page] = read(api, "catalog", since=NOON)

    assert api.asked[0][1]["include_deleted_objects"] is True
    assert page.product_ids == ("V1",)
    assert page.position == datetime(2026, 9, 18, 11, 59, 59, 123457, tzinfo=UTC)
    assert [record.version_no for record in page.records] == [5, None, None]


def test_payload_is_kept_byte_for_byte() -> None:
    """Numbers beyond any float, unusual spacing and unknown keys reach the raw layer as sent."""
    raw = b'{"id":"o1",  "updated_at":"2026-09-18T12:00:00.123456789Z","n":170141183460469231731687303715884,"q":1.10}'
    api = ScriptedApi(lambda *_: b'{"orders":[' + raw + b"]}")

    [page] = read(api, "orders", since=NOON)

    assert page.records[0].payload == raw
    assert page.records[0].version_at == datetime(2026, 9, 18, 12, 0, 0, 123457, tzinfo=UTC)


def test_object_without_key_is_rejected_alone() -> None:
    """One malformed object of a page costs itself only."""
    good = order(1, NOON)
    api = ScriptedApi(
        lambda *_: {"orders": [{"updated_at": "2026-09-18T12:00:00Z"}, good, {**good, "updated_at": "soon"}]}
    )

    [page] = read(api, "orders", since=NOON)

    assert [record.id for record in page.records] == ["o1"]
    assert [reject.reason.startswith("no usable key") for reject in page.rejects] == [True, True]


@pytest.mark.parametrize("body", [b"[]", b'{"orders": {}}', b'{"orders": [', b'{"orders": [1], "cursor": 7}'])
def test_page_that_is_no_page_is_refused(body: bytes) -> None:
    """The error names stream and size, never the content."""
    with pytest.raises(UnexpectedPayload, match=rf"orders page of {len(body)} bytes"):
        read(ScriptedApi(lambda *_: body), "orders", since=NOON)


def test_unknown_stream_is_refused() -> None:
    """The message lists the streams there are."""
    with pytest.raises(UnexpectedPayload, match="team_members"):
        read(ScriptedApi(lambda *_: {}), "tips")


def test_team_and_locations_are_read_whole() -> None:
    """No status filter: former cashiers own payments and closed shops have history."""
    api = ScriptedApi(
        lambda *_: {"locations": [{"id": "L1", "name": "Old", "status": "INACTIVE", "timezone": "Europe/Madrid"}]}
    )

    read(api, "team_members")
    [shop] = read_locations(api)

    assert api.asked[0] == ("/v2/team-members/search", {"limit": 200})
    assert (shop.location_id, shop.is_active, shop.timezone) == ("L1", False, "Europe/Madrid")
