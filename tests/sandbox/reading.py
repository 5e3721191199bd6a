"""Reading everything a merchant has, as a careful client of Square would."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx

PAST = "1970-01-01T00:00:00Z"


def moment(text: str) -> datetime:
    """A timestamp with any number of fractional digits."""
    return datetime.fromisoformat(text)


def pages(
    http: httpx.Client, method: str, path: str, key: str, *, arguments: Mapping[str, Any], token: str
) -> Iterator[dict[str, Any]]:
    """Rows of every page; a missing list is an empty one, only a missing cursor is the end."""
    cursor = None
    while True:
        sent = dict(arguments) | ({"cursor": cursor} if cursor else {})
        body = {"params": sent} if method == "GET" else {"json": sent}
        answer = http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **body)
        answer.raise_for_status()
        page = answer.json()
        yield from page.get(key, ())
        cursor = page.get("cursor")
        if not cursor:
            return


def payments(http: httpx.Client, merchant: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All payments of all locations."""
    arguments = {"begin_time": PAST, "sort_field": "UPDATED_AT", "sort_order": "ASC"}
    return [
        row
        for location in merchant["locations"]
        for row in pages(
            http,
            "GET",
            "/v2/payments",
            "payments",
            arguments=arguments | {"location_id": location["id"]},
            token=merchant["access_token"],
        )
    ]


def refunds(http: httpx.Client, merchant: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All refunds of all locations."""
    arguments = {"begin_time": PAST}
    return list(pages(http, "GET", "/v2/refunds", "refunds", arguments=arguments, token=merchant["access_token"]))


def orders(http: httpx.Client, merchant: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All orders of all locations, ten locations at a time."""
    query = {
        "filter": {"date_time_filter": {"updated_at": {"start_at": PAST}}},
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }
    ids = [location["id"] for location in merchant["locations"]]
    return [
        row
        for first in range(0, len(ids), 10)
        for row in pages(
            http,
            "POST",
            "/v2/orders/search",
            "orders",
            arguments={"location_ids": ids[first : first + 10], "query": query, "limit": 1000},
            token=merchant["access_token"],
        )
    ]
