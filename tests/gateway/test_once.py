"""`Idempotency-Key`."""

from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import APIRouter, Body, FastAPI
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.identity import Writer
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.problems import Refusal
from pos_pipeline.warehouse.database import Database

Ask = Callable[..., TestClient]


@pytest.fixture
def done(app: FastAPI) -> list[str]:
    """What a POST has done, each time it was carried out; "fault" and "refusal" are what they say."""
    done: list[str] = []
    router = APIRouter(route_class=OnceRoute, prefix="/api/v1/pos")

    @router.post("/things", status_code=201)
    def make(caller: Writer, what: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        done.append(what)
        if what == "fault":
            raise RuntimeError(what)
        if what == "refusal":
            raise Refusal(409, "busy", "not now")
        return {"made": what, "by": caller.subject}

    app.include_router(router)
    return done


def test_the_same_request_happens_once(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """Sent again it is answered the same, and says that it was."""
    client, key = ask(bakery), {"Idempotency-Key": "k1"}
    first = client.post("things", json={"what": "bread"}, headers=key)
    again = client.post("things", json={"what": "bread"}, headers=key)

    assert done == ["bread"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_without_a_key_everything_happens(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """The key is the caller's choice."""
    for _ in range(2):
        assert ask(bakery).post("things", json={"what": "bread"}).status_code == 201
    assert done == ["bread", "bread"]


def test_a_key_belongs_to_its_tenant(ask: Ask, bakery: Tenant, rival: Tenant, done: list[str]) -> None:
    """Two tenants may choose the same key; neither gets the other's answer."""
    for tenant in (bakery, rival):
        answer = ask(tenant).post("things", json={"what": tenant.slug}, headers={"Idempotency-Key": "k1"})
        assert answer.json()["made"] == tenant.slug
    assert done == [bakery.slug, rival.slug]


def test_a_key_belongs_to_its_request(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """Another request with the same key is a mistake of the caller's."""
    client, key = ask(bakery), {"Idempotency-Key": "k1"}
    client.post("things", json={"what": "bread"}, headers=key)
    answer = client.post("things", json={"what": "cake"}, headers=key)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:pos-pipeline:problem:key_reused")
    assert done == ["bread"]


def test_a_server_error_gives_the_key_back(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """What failed here may be tried again with the same key."""
    client, key = ask(bakery), {"Idempotency-Key": "k1"}

    for _ in range(2):
        assert client.post("things", json={"what": "fault"}, headers=key).status_code == 500
    assert done == ["fault", "fault"]


def test_a_refusal_is_not_kept(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """What was refused has not happened."""
    client, key = ask(bakery), {"Idempotency-Key": "k1"}

    for _ in range(2):
        assert client.post("things", json={"what": "refusal"}, headers=key).status_code == 409
    assert done == ["refusal", "refusal"]


def test_while_the_first_is_being_answered(ask: Ask, bakery: Tenant, database: Database, done: list[str]) -> None:
    """The second is told to wait; a claim whose process died is taken over."""
    client, key = ask(bakery), {"Idempotency-Key": "k1"}
    client.post("things", json={"what": "bread"}, headers=key)
    database.fetch("update pos.idempotency_keys set answer = null returning key")

    waiting = client.post("things", json={"what": "bread"}, headers=key)
    database.fetch("update pos.idempotency_keys set created_at = now() - interval '2 minutes' returning key")
    taken_over = client.post("things", json={"what": "bread"}, headers=key)

    assert (waiting.status_code, waiting.json()["type"]) == (409, "urn:pos-pipeline:problem:in_progress")
    assert taken_over.status_code == 201
    assert done == ["bread", "bread"]


def test_answers_are_kept_sealed(ask: Ask, bakery: Tenant, database: Database, done: list[str]) -> None:
    """One may hold a link code. A row's answer opens under its own key only, and the request is not done again."""
    client = ask(bakery)
    client.post("things", json={"what": "bread"}, headers={"Idempotency-Key": "k1"})
    [(row,)] = database.fetch("select to_jsonb(k)::text from pos.idempotency_keys as k")
    [(answer,)] = database.fetch("select answer from pos.idempotency_keys")
    database.fetch("update pos.idempotency_keys set key = 'k2' returning key")

    copied = client.post("things", json={"what": "bread"}, headers={"Idempotency-Key": "k2"})

    assert "bread" not in row
    assert b"bread" not in bytes(answer)
    assert (copied.status_code, copied.json()["type"]) == (409, "urn:pos-pipeline:problem:answer_unreadable")
    assert done == ["bread"]


def test_a_key_tells_nothing_to_who_may_less(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """A reader who knows the key is not told what a writer was answered."""
    key = {"Idempotency-Key": "k1"}
    ask(bakery, "write").post("things", json={"what": "bread"}, headers=key)

    answer = ask(bakery, "read").post("things", json={"what": "bread"}, headers=key)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:pos-pipeline:problem:key_reused")
    assert done == ["bread"]


def test_two_keys(ask: Ask, bakery: Tenant, done: list[str]) -> None:
    """Nobody knows which one counts."""
    keys = [("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")]
    answer = ask(bakery).post("things", json={"what": "bread"}, headers=keys)

    assert (answer.status_code, done) == (400, [])


def test_a_key_without_a_good_token(ask: Ask, bakery: Tenant, database: Database, done: list[str]) -> None:
    """Nothing is claimed for a caller who is not let in."""
    headers = {"Idempotency-Key": "k1", "Authorization": "Bearer made.up.token"}

    assert ask(bakery).post("things", json={"what": "bread"}, headers=headers).status_code == 401
    assert (done, database.fetch("select key from pos.idempotency_keys")) == ([], [])


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_keys_that_are_none(ask: Ask, bakery: Tenant, done: list[str], key: str) -> None:
    """Told before anything happens."""
    answer = ask(bakery).post("things", json={"what": "bread"}, headers={"Idempotency-Key": key})

    assert (answer.status_code, done) == (400, [])
