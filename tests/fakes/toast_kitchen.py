"""One Toast restaurant that answers from memory, with the habits that make reading it hard.

Orders are found by modification in [startDate, endDate), in no useful order, by page numbers over whatever
the set is at that moment; `before_answer` may change it between two requests.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pos_pipeline.errors import NotFound
from pos_pipeline.provider import Answer

RESTAURANT = "b7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e"
BULK = "/orders/v2/ordersBulk"
PAYMENTS = "/orders/v2/payments"
MOST_ROWS = 100
LONGEST = timedelta(days=31)

Asked = tuple[str, dict[str, Any]]


def stamp(moment: datetime) -> str:
    """A time as Toast writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def guid(number: int) -> str:
    """The GUID of order or payment `number`."""
    return f"{number:08x}-5a1d-4e0b-9c3f-0c1a2b3d4e5f"


@dataclass
class Kitchen:
    """`provider.Api` over orders and payments that a test puts in; `answers` are whole bodies by path."""

    orders: dict[str, datetime] = field(default_factory=dict)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, bytes | Exception | Callable[[Mapping[str, Any]], Answer]] = field(default_factory=dict)
    before_answer: Callable[[dict[str, Any]], None] = lambda _query: None
    sort: Callable[[list[str]], list[str]] = lambda guids: sorted(guids, key=lambda one: one[::-1])
    asked: list[Asked] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=lambda: {"restaurant": RESTAURANT})

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """See `provider.Api.get`."""
        return self.answer(path, params).body

    def answer(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """See `provider.Api.answer`."""
        query = dict(params or {})
        self.asked.append((path, query))
        if path == BULK:
            self.before_answer(query)
            return self._bulk(query)
        if path in self.answers:
            return self._prepared(self.answers[path], query)
        if path == PAYMENTS:
            [(name, date)] = query.items()
            return _json([one for one, payment in self.payments.items() if payment.get(f"_{name}") == date])
        if path.removeprefix(f"{PAYMENTS}/") in self.payments:
            payment = self.payments[path.removeprefix(f"{PAYMENTS}/")]
            return _json({name: value for name, value in payment.items() if not name.startswith("_")})
        raise NotFound(f"toast: answered 404 to {path}")

    def bulk_queries(self) -> list[dict[str, Any]]:
        """What ordersBulk was asked."""
        return [query for path, query in self.asked if path == BULK]

    def put_refund(self, number: int, at: datetime, business_date: str, *, paid_at: datetime | None = None) -> str:
        """A payment that was given back."""
        self.payments[guid(number)] = {
            "guid": guid(number),
            "paidDate": stamp(paid_at or at - timedelta(days=1)),
            "refund": {"refundAmount": 5.08, "refundDate": stamp(at)},
            "voidInfo": None,
            "_refundBusinessDate": business_date,
        }
        return guid(number)

    def put_void(self, number: int, at: datetime, business_date: str) -> str:
        """A payment that was voided."""
        self.payments[guid(number)] = {
            "guid": guid(number),
            "paidDate": stamp(at - timedelta(minutes=5)),
            "voidInfo": {"voidDate": stamp(at)},
            "_voidBusinessDate": business_date,
        }
        return guid(number)

    def _bulk(self, query: dict[str, Any]) -> Answer:
        start, end = (datetime.fromisoformat(query[name]) for name in ("startDate", "endDate"))
        assert start < end <= start + LONGEST, "Toast refuses such a span"
        rows = self.sort([one for one, modified in self.orders.items() if start <= modified < end])
        first = (query["page"] - 1) * MOST_ROWS
        page = rows[first : first + MOST_ROWS]
        links = {"link": '<https://x/?page=1>; rel="first"'}
        if len(rows) > first + MOST_ROWS:
            links["link"] += f', <https://x/?page={query["page"] + 1}>; rel="next"'
        return _json([{"guid": one, "modifiedDate": stamp(self.orders[one])} for one in page], links)

    def _prepared(
        self, prepared: bytes | Exception | Callable[[Mapping[str, Any]], Answer], query: dict[str, Any]
    ) -> Answer:
        if isinstance(prepared, Exception):
            raise prepared
        return Answer(prepared, {}) if isinstance(prepared, bytes) else prepared(query)


def _json(body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(json.dumps(body).encode(), headers or {})
