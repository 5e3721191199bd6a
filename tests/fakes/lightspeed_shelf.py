"""A shop at Lightspeed as its lists and its search show it, without a network.

It does what the documentation warns of: rises by version, comes short, clamps pages, and its search index lags.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pos_pipeline.provider import Answer

Row = dict[str, Any]
NOON = datetime(2026, 9, 18, 12, tzinfo=UTC)
FIRST_VERSION = 2**33 + 1
ANCHOR = datetime(2026, 10, 26, 15, 30, tzinfo=UTC)
"""When tests' simulated worlds begin to be lived in: the day after the clocks went back in Europe."""


def stamp(moment: datetime) -> str:
    """As Lightspeed writes times."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def sale(number: int, at: datetime = NOON, *, version: int | None = None, **members: Any) -> Row:
    """The least a sale can be, sold and changed `at`; its version follows its number unless given."""
    return {
        "id": f"s{number}",
        "outlet_id": "O1",
        "status": "CLOSED",
        "sale_date": stamp(at),
        "updated_at": stamp(at),
        "line_items": [],
        "version": FIRST_VERSION + number if version is None else version,
    } | members


@dataclass
class Shelf:
    """One merchant's objects behind `provider.Api`."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By stream."""
    most_rows: int = 1000
    """Largest page, whatever is asked for."""
    comes_short: bool = False
    """Every second page holds one row only."""
    hidden_from_search: Callable[[int, Row], bool] = lambda _request, _sale: False
    """Whether the index does not show a sale at the n-th search."""
    includes_limit: bool = False
    """Whether a sale exactly at `date_to` belongs to a search."""
    scripted: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    """What to answer under a path instead, by its query; bytes as they are."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """See `provider.Api.get`."""
        query = dict(params or {})
        self.asked.append((path, query))
        stream = path.removeprefix("/api/2.0/")
        if stream in self.scripted:
            body = self.scripted[stream](query)
        elif stream == "search":
            body = {"data": self._searched(query)}
        else:
            body = self._listed(self.rows.get(stream, []), query)
        return body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """See `provider.Api.answer`."""
        return Answer(self.get(path, params), {})

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """Nothing of Lightspeed's is read by POST."""
        raise AssertionError((path, json))

    @property
    def attributes(self) -> Mapping[str, str]:
        """See `provider.Api.attributes`."""
        return {}

    def queries(self, stream: str) -> list[dict[str, Any]]:
        """What was asked of a stream or of the search."""
        return [query for path, query in self.asked if path == f"/api/2.0/{stream}"]

    def _listed(self, rows: list[Row], query: Mapping[str, Any]) -> object:
        size = min(query["page_size"], self.most_rows)
        found = sorted((row for row in rows if int(row["version"]) > query["after"]), key=lambda row: row["version"])
        if self.comes_short and len(self.asked) % 2:
            size = 1
        page = found[:size]
        bounds = (page[0]["version"], page[-1]["version"]) if page else (None, None)
        return {"data": page, "version": dict(zip(("min", "max"), bounds, strict=True))}

    def _searched(self, query: Mapping[str, Any]) -> list[Row]:
        low, high = (datetime.fromisoformat(query[name]) for name in ("date_from", "date_to"))
        request = len(self.queries("search"))
        found = [
            row
            for row in sorted(self.rows.get("sales", []), key=lambda row: row["sale_date"])
            for at in [datetime.fromisoformat(row["sale_date"])]
            if low <= at < high or (self.includes_limit and at == high)
        ]
        shown = [row for row in found if not self.hidden_from_search(request, row)]
        return shown[query["offset"] : query["offset"] + min(query["page_size"], self.most_rows)]
