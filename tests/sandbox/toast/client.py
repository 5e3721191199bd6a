"""A careful client of Toast: one token, one restaurant per call, pages to the end, amounts as decimals."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from pos_pipeline.sandbox.toast.grants import CLIENT_ID, CLIENT_SECRET

LOGIN = "/authentication/v1/authentication/login"
MONTH = timedelta(days=30)
NEVER = "1970-01-01T00:00:00.000+0000"
REDIRECT = "http://127.0.0.1:9/callback"


def parsed(answer: httpx.Response) -> Any:
    """The body of a 200, its amounts exact."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content, parse_float=Decimal)


def written(moment: datetime) -> str:
    """A moment as a query has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


class Toast:
    """Requests with a token."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self.http = http
        self.token = token

    def get(self, path: str, restaurant: str | None = None, **query: Any) -> httpx.Response:
        """One GET for one restaurant."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if restaurant is not None:
            headers["Toast-Restaurant-External-ID"] = restaurant
        return self.http.get(path, params=query, headers=headers)

    def pages(self, restaurant: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """Pages of orders until there is no next one."""
        page = 1
        while True:
            answer = self.get("/orders/v2/ordersBulk", restaurant, page=page, **query)
            yield parsed(answer)
            if "next" not in answer.links:
                return
            page += 1

    def orders(self, restaurant: str, start: datetime, end: datetime, size: int = 100) -> list[dict[str, Any]]:
        """Every order modified in [start, end)."""
        found = []
        while start < end:
            stop = min(end, start + MONTH)
            for page in self.pages(restaurant, startDate=written(start), endDate=written(stop), pageSize=size):
                found += page
            start = stop
        return found

    def add_integration(self, merchant: str, **query: str) -> httpx.Response:
        """What the merchant's employee does in Toast Web."""
        return self.http.get("/toastweb/add-integration", params={"merchant": merchant, **query})


def log_in(http: httpx.Client, client_id: str, secret: str, **changes: Any) -> httpx.Response:
    """One login."""
    body = {"clientId": client_id, "clientSecret": secret, "userAccessType": "TOAST_MACHINE_CLIENT"}
    return http.post(LOGIN, json=body | changes)


@contextmanager
def client_of(base_url: str, client_id: str, secret: str) -> Iterator[Toast]:
    """A client that has logged in."""
    with httpx.Client(base_url=base_url, timeout=30) as http:
        yield Toast(http, parsed(log_in(http, client_id, secret))["token"]["accessToken"])


@contextmanager
def partner(base_url: str) -> Iterator[Toast]:
    """The partner, logged in."""
    with client_of(base_url, CLIENT_ID, CLIENT_SECRET) as client:
        yield client


def restaurants(merchant: Mapping[str, Any]) -> list[str]:
    """GUIDs of a merchant's restaurants."""
    return [location["id"] for location in merchant["locations"]]
