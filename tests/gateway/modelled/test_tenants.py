"""Every route of the API, asked by one tenant with what belongs to another."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.planted import UUID_TEXT, Planted, marks_of, open_tables_without, plant, rows_of_tenant

Ask = Callable[..., TestClient]

HARMLESS: dict[str, Any] = {
    "provider": "toast",
    "pos_provider": "abacus",
    "status": None,
    "redirect": None,
    "limit": "200",
    "from": "2026-05-25",
    "to": "2026-06-05",
    "currency": None,
    "mapping_type": None,
    "credentials": {"access_token": "none"},
    "account_name": None,
    "sync_enabled": True,
    "sync_frequency_minutes": None,
    "days": 5,
    "again": None,
    "as_of": None,
    "pos_product_name": None,
}
"""What routes take that belongs to nobody, with a value to send; None is not sent."""
BODY_LEAVES_OUT = {"from", "to"}
OPEN = {"/api/v1/pos/oauth/{provider}/callback", "/api/v1/pos/webhooks/{provider}", "/healthz", "/readyz"}
"""Routes that ask no token of a tenant."""
WHOSE = ("own", "foreign", "unknown")
NO_IDS = {"cursor", "if-match", "idempotency-key"}


@dataclass(frozen=True)
class Operation:
    """A route of the OpenAPI and what it takes."""

    method: str
    path: str
    names: dict[str, str]
    """Where each parameter goes, by its name: path, query, header, or body."""

    @property
    def asks_for(self) -> set[str]:
        """Names under which it takes what belongs to a tenant."""
        return self.names.keys() - HARMLESS.keys()

    def send(self, client: TestClient, things: dict[str, Any]) -> httpx.Response:
        """Ask with these things."""
        sent = {name: HARMLESS[name] for name in self.names.keys() & HARMLESS.keys()} | things
        by_place: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
        for name, value in sent.items():
            place = self.names[name]
            if value is not None and not (place == "body" and name in BODY_LEAVES_OUT):
                by_place[place][name] = value
        path = self.path.format(**{name: quote(value) for name, value in by_place["path"].items()})
        body = by_place["body"] if "body" in self.names.values() else None
        return client.request(
            self.method, f"http://testserver{path}", params=by_place["query"], headers=by_place["header"], json=body
        )


def _plain(parameter: dict[str, str]) -> str:
    return parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]


def operations(app: Any) -> Iterator[Operation]:
    """All of them; those that delete come last."""
    described = app.openapi()
    found = []
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            names = {_plain(parameter): parameter["in"] for parameter in route.get("parameters", [])}
            for content in route.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                name = schema.get("$ref", "").rpartition("/")[2]
                properties = (described["components"]["schemas"][name] if name else schema).get("properties", {})
                names |= dict.fromkeys(properties, "body")
            found.append(Operation(method, path, names))
    yield from sorted(found, key=lambda one: one.method == "delete")


@pytest.fixture
def own(database: Database, bakery: Tenant) -> Planted:
    """Who asks."""
    return plant(database, bakery, "ownword")


@pytest.fixture
def foreign(database: Database, rival: Tenant) -> Planted:
    """Whose things they ask for."""
    return plant(database, rival, "rivalword")


def things_of(client: TestClient, planted: Planted, operation: Operation) -> dict[str, str]:
    """What a tenant has for the names an operation asks for, versions and cursors as the API gives them out."""
    things = dict(planted.things)
    mapping = client.get(f"mappings/{things['mapping_id']}")
    things["if-match"] = mapping.headers.get("etag", '"gone"')
    if "cursor" in operation.asks_for:
        path = operation.path.format(**things)
        period = {"from": HARMLESS["from"], "to": HARMLESS["to"]}
        page = client.get(f"http://testserver{path}", params={"limit": "1", **period}).json()
        things["cursor"] = page["next_cursor"]
        assert things["cursor"], f"{operation.path}: plant two, so that there is a second page"
    return {name: things[name] for name in operation.asks_for}


def unknown_for(things: dict[str, str]) -> dict[str, str]:
    """Things of the same kinds that nobody has."""
    made_up = {"code": "AAAA-AAAA-AAAA-AAAA", "if-match": '"00000000-0"', "pos_product_id": "nobody-P9"}
    return {
        name: made_up.get(name) or (str(uuid4()) if UUID_TEXT.fullmatch(thing) else f"{uuid4()}")
        for name, thing in things.items()
    }


def told(answer: httpx.Response) -> str:
    """All an answer says, headers and the inside of cursors included."""
    text = f"{answer.headers.multi_items()} {answer.text}"
    for word in re.findall(r"[A-Za-z0-9_-]{12,}", text):
        try:
            text += " " + base64.urlsafe_b64decode(word + "==").decode("latin-1")
        except binascii.Error:
            continue
    return text


def outline(answer: httpx.Response, sent: dict[str, str]) -> tuple[int, str]:
    """An answer without what was sent and without the time of day."""
    text = answer.text
    for thing in sent.values():
        text = text.replace(thing, "?")
    return answer.status_code, re.sub(r'"(at|instance)":"[^"]*"', "", text)


def test_what_is_planted_is_everywhere(database: Database, own: Planted, foreign: Planted) -> None:
    """A table that routes can read has rows of both; a new one has to be planted too."""
    for planted in (own, foreign):
        assert open_tables_without(database, planted.tenant) == []


def test_every_name_a_route_takes_is_known(app: FastAPI, own: Planted) -> None:
    """A new parameter is either somebody's, and then planted, or says here that it is nobody's."""
    known = own.things.keys() | HARMLESS.keys() | {"cursor", "if-match"}
    unknown = {(one.path, name) for one in operations(app) for name in one.names.keys() - known}

    assert unknown == set()


@dataclass
class Trial:
    """One tenant asking for the things of another, who is given away by `marks`."""

    client: TestClient
    marks: set[str]
    pools: dict[str, dict[str, str]]
    """By whose they are: things by name."""
    asked: int = 0

    def ask(self, operation: Operation, whose: dict[str, str]) -> None:
        """Ask with things of these owners; hold the answer against that for things nobody has."""
        self.asked += 1
        sent = {name: self.pools[owner][name] for name, owner in whose.items()}
        answer = operation.send(self.client, sent)
        heard = told(answer)

        assert {mark for mark in self.marks if mark in heard} <= set(sent.values())
        foreign = [name for name in whose.keys() - NO_IDS if whose[name] == "foreign"]
        if foreign:
            made_up = sent | {name: self.pools["unknown"][name] for name in foreign}
            assert outline(answer, sent) == outline(operation.send(self.client, made_up), made_up)
        if any(operation.names[name] == "path" for name in foreign):
            assert answer.status_code == 404 or answer.json()["type"].endswith(":key_reused"), answer.text

    def ask_every_way(self, operation: Operation) -> None:
        """Ask with every mixture of owners that hypothesis thinks of."""
        owners = st.fixed_dictionaries({name: st.sampled_from(WHOSE) for name in sorted(operation.asks_for)})

        @settings(max_examples=10, derandomize=True, deadline=None, database=None)
        @given(owners)
        def holds(whose: dict[str, str]) -> None:
            self.ask(operation, whose)

        holds()


def test_no_route_shows_or_changes_what_is_another_tenants(
    ask: Ask, database: Database, own: Planted, foreign: Planted, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ids, codes, cursors, versions and keys of another tenant open nothing and are answered as made-up ones are."""
    before = rows_of_tenant(database, foreign.tenant)
    trial = Trial(ask(own.tenant), marks_of(database, foreign), {})
    all_operations = list(operations(trial.client.app))
    for operation in all_operations:
        if operation.path in OPEN:
            continue
        theirs = things_of(ask(foreign.tenant), foreign, operation)
        mine = things_of(trial.client, own, operation)
        trial.pools = {"own": mine, "foreign": theirs, "unknown": unknown_for(theirs)}
        trial.ask(operation, dict.fromkeys(operation.asks_for, "foreign"))
        trial.ask_every_way(operation)

        after = rows_of_tenant(database, foreign.tenant)
        assert {place: rows for place, rows in after.items() if rows != before[place]} == {}, operation

    assert trial.asked > len(all_operations)
    printed = capfd.readouterr()
    assert {mark for mark in trial.marks if mark in printed.out + printed.err} == set()
