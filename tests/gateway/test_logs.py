"""What is logged of a request, and what is not."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway import logs
from pos_pipeline.gateway.identity import Reader

Ask = Callable[..., TestClient]
KNOWN = "a-secret-of-the-settings"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, object]]]]:
    """Lines logged since it was last asked."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure([KNOWN])
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


Lines = Callable[[], list[dict[str, object]]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"X-Request-ID": "order-4711.a_b"}, "order-4711.a_b"),
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({"X-Request-ID": "from-both", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, "from-both"),
    ],
)
def test_an_id_the_caller_gave(ask: Ask, given: dict[str, str], expected: str) -> None:
    """Taken over, into the answer and into problems."""
    answer = ask().get("accounts", headers=given)

    assert answer.headers["x-request-id"] == expected
    assert answer.json()["instance"] == f"urn:pos-pipeline:request:{expected}"


@pytest.mark.parametrize(
    "given",
    [
        [],
        [("X-Request-ID", "short")],
        [("X-Request-ID", "x" * 65)],
        [("X-Request-ID", "line\tbreak-or-worse")],
        [("X-Request-ID", '{"event":"forged"}')],
        [("X-Request-ID", "one-of-them"), ("X-Request-ID", "two-of-them")],
        [("traceparent", f"00-{'0' * 32}-{'b' * 16}-01")],
        [("traceparent", "00-nonsense-01")],
    ],
)
def test_an_id_that_is_none(ask: Ask, given: list[tuple[str, str]]) -> None:
    """Another one is made, each time a new one."""
    ids = [ask().get("http://testserver/healthz", headers=given).headers["x-request-id"] for _ in range(2)]

    assert all(len(one) == 32 and one.isalnum() for one in ids)
    assert ids[0] != ids[1]
    assert not {value for _, value in given} & set(ids)


def test_a_line_for_a_request(ask: Ask, bakery: Tenant, lines: Lines) -> None:
    """Route, status, tenant and id; neither path nor query, which may hold codes."""
    answer = ask(bakery).get("accounts?code=canary")

    [line] = lines()
    assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "GET", "/accounts", 200)
    assert (line["tenant_id"], line["request_id"]) == (str(bakery.id), answer.headers["x-request-id"])
    assert (line["level"], "canary" in str(line)) == ("info", False)


def test_probes_are_not_told(ask: Ask, lines: Lines) -> None:
    """They come every few seconds."""
    ask().get("http://testserver/healthz")

    assert lines() == []


def test_a_failure_is_told_without_its_words(app: FastAPI, ask: Ask, bakery: Tenant, lines: Lines) -> None:
    """By its kind, its causes and its place; the answer names the request and nothing else."""
    router = APIRouter(prefix="/api/v1/pos")

    @router.get("/fault")
    def fault(_: Reader) -> None:
        raise RuntimeError("canary in words") from KeyError("canary")

    app.include_router(router)
    answer = ask(bakery).get("fault")

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:pos-pipeline:problem:unforeseen")
    [failure, request] = lines()
    assert (failure["error_type"], failure["causes"], request["status"]) == ("RuntimeError", ["KeyError"], 500)
    assert "fault" in str(failure["frames"])
    assert failure["tenant_id"] == str(bakery.id)
    assert "canary" not in f"{failure} {request} {answer.text}"


def test_what_a_library_fails_with_is_told_without_its_words(lines: Lines) -> None:
    """A server's own line about an exception has its kind and no traceback."""
    try:
        int("canary")
    except ValueError:
        logging.getLogger("some.server").exception("Exception in ASGI application")

    [line] = lines()
    assert (line["logger"], line["error_type"], "canary" in str(line)) == ("some.server", "ValueError", False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", "canary"),
        ("headers", {"Authorization": "canary"}),
        ("state", "canary"),
        ("credentials", [{"user": "canary"}]),
        ("note", "came with eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.canary today"),
        ("note", "Bearer canary"),
        ("url", "https://pos.example/back?code=canary&x=1"),
        ("url", "postgresql://user:canary@db.example/pos"),
        ("note", "entered K7QM-2VXA-9PDR-WF3T there"),
        ("note", "ana.canary@correo.example complains"),
        ("note", f"it is {KNOWN}, I think"),
    ],
)
def test_secrets_are_taken_out(lines: Lines, name: str, value: object) -> None:
    """By their name, by their looks, and those of the settings wherever they are; from libraries' lines too."""
    structlog.get_logger().warning("said", **{name: value})
    logging.getLogger("library").warning("%s", value if name in {"note", "url"} else {"nothing": 0})

    told = lines()

    assert [line["level"] for line in told] == ["warning", "warning"]
    text = json.dumps(told)
    assert "[redacted]" in text
    assert not {word for word in ("canary", "K7QM", KNOWN) if word in text}


def test_figures_and_ids_stay(lines: Lines) -> None:
    """A line without secrets is as it was said."""
    facts = {"shops": 3, "is_new": True, "connection_id": "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "nothing": None}
    structlog.get_logger().info("till linked", **facts)

    [line] = lines()
    assert facts.items() <= line.items()
