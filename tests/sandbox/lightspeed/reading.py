"""Reading a retailer as a careful client of X-Series would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import httpx

from pos_pipeline.sandbox import Sandbox

Object = dict[str, Any]


class Retailer(NamedTuple):
    """One retailer's address with a token."""

    http: httpx.Client
    known: Object
    """What the sandbox says about it."""

    def get(self, path: str, **query: Any) -> httpx.Response:
        """One answer of the 2.0 API."""
        return self.http.get(f"/api/2.0/{path}", params=query)

    def read(self, path: str, **query: Any) -> Any:
        """One answer that is 200, numbers as decimals."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def pages(self, path: str, after: int = 0, **query: Any) -> Iterator[list[Object]]:
        """Pages from a version on; only an empty one is the end."""
        while True:
            page = self.read(path, after=after, **query)
            rows: list[Object] = page["data"]
            if not rows:
                assert page["version"] == {"min": None, "max": None}
                return
            assert (page["version"]["min"], page["version"]["max"]) == (rows[0]["version"], rows[-1]["version"])
            yield rows
            after = page["version"]["max"]

    def all(self, path: str, after: int = 0, **query: Any) -> list[Object]:
        """Rows of every page."""
        return [row for page in self.pages(path, after, **query) for row in page]


@contextmanager
def open_retailer(sandbox: Sandbox, key: str, token: str | None = None) -> Iterator[Retailer]:
    """A merchant's retailer, by its personal token or the one given."""
    [known] = [merchant for merchant in sandbox.merchants("lightspeed") if merchant["key"] == key]
    base_url = f"{sandbox.base_url('lightspeed')}/{known['domain_prefix']}"
    headers = {"Authorization": f"Bearer {token or known['access_token']}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=30) as http:
        yield Retailer(http, known)


def moment(text: str) -> datetime:
    """A timestamp of the API."""
    return datetime.fromisoformat(text)


def gross(sale: Object) -> Decimal:
    """What the customer pays."""
    return Decimal(sale["total_price"] + sale["total_tax"])


def paid(sale: Object) -> Decimal:
    """What the customer paid, change taken off."""
    return Decimal(sum(payment["amount"] for payment in sale["payments"]))
