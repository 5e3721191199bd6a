"""What is sent, and how: every way a body, a type or an Accept can be wrong is a problem and never a failure."""

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant

Ask = Callable[..., TestClient]
JSON = {"Content-Type": "application/json"}
LARGE = 5 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"pos_account_id"',
        b"{} {}",
        b'{"pos_account_id": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"pos_account_id": NaN}',
        b"9" * 10_000,
    ],
    ids=range(13),
)
def test_bodies_that_are_none(ask: Ask, bakery: Tenant, body: bytes) -> None:
    """Told as the caller's mistake."""
    answer = ask(bakery).post("mappings", content=body, headers=JSON)

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense", ""])
def test_types_that_are_not_json(ask: Ask, bakery: Tenant, kind: str) -> None:
    """JSON under another name is not looked into."""
    headers = {"Content-Type": kind} if kind else {}
    answer = ask(bakery).post("mappings", content=b'{"pos_product_id": "canary"}', headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:pos-pipeline:problem:invalid_request")
    assert "canary" not in answer.text


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "", "application/json;q=0"])
def test_there_is_one_kind_of_answer(ask: Ask, bakery: Tenant, accept: str) -> None:
    """JSON, whatever is asked for: RFC 9110 allows it, and a caller is better off than with a 406."""
    answer = ask(bakery).get("accounts", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def in_parts() -> Iterator[bytes]:
    """A large body that does not say how large it is."""
    for _ in range(LARGE // 65_536 + 1):
        yield b" " * 65_536


@pytest.mark.parametrize("says_its_length", [True, False])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}], ids=["plain", "once"])
def test_a_body_that_is_too_large(ask: Ask, bakery: Tenant, says_its_length: bool, key: dict[str, str]) -> None:
    """Refused before it is in memory, whether it says its length or not, for any route."""
    body = b" " * LARGE if says_its_length else in_parts()
    answer = ask(bakery).post("mappings", content=body, headers=JSON | key)

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:pos-pipeline:problem:too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("place", "status", "code"),
    [
        ("GET nothing", 404, "not_found"),
        ("PATCH accounts", 405, "method_not_allowed"),
        ("POST mappings/unmapped", 405, "method_not_allowed"),
        ("GET accounts/1", 422, "invalid_request"),
    ],
)
def test_places_that_are_none(ask: Ask, bakery: Tenant, place: str, status: int, code: str) -> None:
    """Problems too, with types that stay the same from one version of Python to the next."""
    answer = ask(bakery).request(*place.split())

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:pos-pipeline:problem:{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (status == 405) == ("allow" in answer.headers)
