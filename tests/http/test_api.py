"""The door itself: tokens, addresses, sizes, clocks and what it says of them."""

import gzip
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from fakes.answers import answer
from fakes.door import CANARY, RENEWED, OpenDoor
from pydantic import SecretStr
from structlog.testing import capture_logs

from pos_pipeline.errors import Misconfigured, PipelineError, ProviderUnavailable, Unauthorised, UnexpectedPayload
from pos_pipeline.http import body, decode

UNAUTHORISED = answer(401, '{"errors":[{"category":"AUTHENTICATION_ERROR","code":"ACCESS_TOKEN_EXPIRED"}]}')


def bearers(requests: list[httpx.Request]) -> list[str]:
    """The tokens that were sent."""
    return [request.headers["authorization"].removeprefix("Bearer ") for request in requests]


def test_rejected_token_is_renewed_once(open_door: OpenDoor) -> None:
    """A 401 in the middle of a sync costs one renewal and the request again."""
    door = open_door(UNAUTHORISED, answer())
    door.api.get("/v2/payments")

    assert bearers(door.pos.requests) == [CANARY, RENEWED]
    assert door.purse.renewed == 1


def test_second_rejection_ends_it(open_door: OpenDoor) -> None:
    """A renewed token that is rejected as well means the merchant has to consent again."""
    door = open_door(UNAUTHORISED)

    with pytest.raises(Unauthorised, match="ACCESS_TOKEN_EXPIRED"):
        door.api.get("/v2/payments")
    assert bearers(door.pos.requests) == [CANARY, RENEWED]


def test_shared_token_may_be_used_up_by_others(open_door: OpenDoor) -> None:
    """Where many hold one token, the next one may be dead as well by the time it is used; a few are tried."""
    door = open_door(UNAUTHORISED, UNAUTHORISED, UNAUTHORISED, answer())
    door.purse.renewals = 3
    door.purse.renew = lambda rejected: SecretStr(rejected.get_secret_value() + "+")
    door.api.get("/v2/payments")

    assert bearers(door.pos.requests) == [CANARY, f"{CANARY}+", f"{CANARY}++", f"{CANARY}+++"]
    assert door.turnstile.acquired == 4


def test_every_request_says_who_asks_and_in_which_version(open_door: OpenDoor) -> None:
    """Provider headers, parameters and JSON travel; the path is appended to a base URL with a path."""
    door = open_door(answer(), base_url="http://127.0.0.1:8099/square/")
    door.api.get("/v2/payments", {"location_id": "L 1", "limit": 100})
    door.api.post("/v2/orders/search", {"limit": 1000})
    listed, searched = door.pos.requests

    assert str(listed.url) == "http://127.0.0.1:8099/square/v2/payments?location_id=L+1&limit=100"
    assert listed.headers["square-version"] == "2026-09-16"
    assert listed.headers["user-agent"].startswith("pos-pipeline/")
    assert (searched.content, searched.headers["content-type"]) == (b'{"limit":1000}', "application/json")


def test_forms_travel_with_the_merchants_token(open_door: OpenDoor) -> None:
    """A change is a form, repeated after a breakdown and with a renewed token like whatever is read."""
    door = open_door(UNAUTHORISED, answer(503), answer())
    door.api.change("POST", "/api/webhooks", {"data": '{"url": "https://pos.example/?a=b&c"}'})
    door.api.change("DELETE", "/api/webhooks/1")
    *forms, deletion = door.pos.requests

    assert bearers(door.pos.requests)[:2] == [CANARY, RENEWED]
    assert {(one.method, one.headers["content-type"]) for one in forms} == {
        ("POST", "application/x-www-form-urlencoded")
    }
    assert parse_qs(forms[-1].content.decode()) == {"data": ['{"url": "https://pos.example/?a=b&c"}']}
    assert (deletion.method, deletion.url.path, deletion.content) == ("DELETE", "/api/webhooks/1", b"")


@pytest.mark.parametrize("base_url", ["", "connect.squareup.com", "ftp://pos.example", "http://", "http://[::1"])
def test_base_url_must_be_an_address(open_door: OpenDoor, base_url: str) -> None:
    """A wrong base URL is said before the first request, naming its setting."""
    with pytest.raises(Misconfigured, match="SQUARE_BASE_URL"):
        open_door(answer(), base_url=base_url)


def test_redirect_is_not_followed(open_door: OpenDoor) -> None:
    """The token never travels to another host; the message names that host without its path."""
    door = open_door(answer(302, "", location="https://elsewhere.example/login?next=secret"))

    with pytest.raises(UnexpectedPayload, match=r"redirect to elsewhere\.example;"):
        door.api.get("/v2/payments")
    assert [request.url.host for request in door.pos.requests] == ["pos.example"]


def test_oversized_page_is_given_up_while_it_arrives(open_door: OpenDoor) -> None:
    """Reading stops at the limit, even if the POS would go on for ever and announces no size."""
    sent = 0

    def endless(_: httpx.Request) -> httpx.Response:
        def chunks() -> Iterator[bytes]:
            nonlocal sent
            while True:
                sent += 1000
                yield b"x" * 1000

        return httpx.Response(200, content=chunks())

    with pytest.raises(UnexpectedPayload, match=r"GET /v2/payments answered a body of .* the limit is 10000 bytes"):
        open_door(endless).api.get("/v2/payments")
    assert sent <= 12_000


def test_announced_size_is_enough(open_door: OpenDoor) -> None:
    """A body that says it is too large is not read at all."""
    with pytest.raises(UnexpectedPayload, match=r"3\.0 MiB announced; the limit is 10000 bytes"):
        open_door(answer(body=b"x" * 3 * 1024 * 1024)).api.get("/v2/payments")


def test_size_counts_after_decompression(open_door: OpenDoor) -> None:
    """A small compressed body that unfolds into a large one is refused, one within the limit is read."""
    bomb, page = gzip.compress(b" " * 1_000_000), gzip.compress(b'{"payments":[]}')

    def compressed(content: bytes) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-encoding": "gzip"})

    with pytest.raises(UnexpectedPayload, match="the limit is 10000 bytes"):
        open_door(lambda _: compressed(bomb)).api.get("/v2/payments")
    assert open_door(lambda _: compressed(page)).api.get("/v2/payments") == b'{"payments":[]}'


def test_trickling_body_is_given_up(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends, byte by byte, is a POS that does not answer."""
    monkeypatch.setattr(body, "MAX_BODY_SECONDS", -1.0)

    with pytest.raises(ProviderUnavailable, match="ReadTimeout"):
        open_door(answer()).api.get("/v2/payments")


def test_clock_skew_is_measured_and_said_once(open_door: OpenDoor) -> None:
    """A machine whose clock is ten minutes behind is told so once, not at every page."""
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    dates = [format_datetime(ahead + timedelta(seconds=n), usegmt=True) for n in range(3)]
    door = open_door(*(answer(date=date) for date in dates))

    with capture_logs() as logs:
        for _ in dates:
            door.api.get("/v2/payments")

    assert door.api.clock_skew_seconds == pytest.approx(600, abs=5)
    assert [entry["skew_seconds"] for entry in logs if entry["log_level"] == "warning"] == [pytest.approx(600, abs=5)]


def test_small_skew_is_not_worth_a_word(open_door: OpenDoor) -> None:
    """Seconds of difference are normal, and so is a POS that sends no date or nonsense."""
    door = open_door(answer(), answer(date="yesterday"), answer(date=format_datetime(datetime.now(UTC), usegmt=True)))

    with capture_logs() as logs:
        assert [door.api.get("/v2/x") and door.api.clock_skew_seconds for _ in range(2)] == [None, None]
        door.api.get("/v2/x")

    assert door.api.clock_skew_seconds == pytest.approx(0, abs=5)
    assert not [entry for entry in logs if entry["log_level"] == "warning"]


@pytest.mark.parametrize(
    "fault",
    [
        UNAUTHORISED,
        httpx.ReadTimeout("slow"),
        answer(500, '{"errors":[{"code":"X","detail":"ana@example.es"}]}'),
        answer(200, "<html>ana@example.es</html>"),
        answer(400, '{"errors":[{"category":"Y","code":"ana@example.es","field":"ana@example.es"}]}'),
    ],
)
def test_nothing_secret_is_said(open_door: OpenDoor, fault: httpx.Response, caplog: pytest.LogCaptureFixture) -> None:
    """No token, query value or body text is in a message, a cause, a log line or a repr."""
    caplog.set_level(logging.DEBUG)
    door = open_door(fault)
    with capture_logs() as logs, pytest.raises(PipelineError) as raised:
        door.api.get("/v2/payments", {"cursor": "query-secret"})
    said = [*map(str, logs), caplog.text, repr(door.api), repr(door.purse.current()), repr(door.api.__dict__)]
    error: BaseException | None = raised.value
    while error is not None:
        said.append(repr(error) + repr(error.__dict__))
        error = error.__cause__ or error.__context__

    for secret in (CANARY, RENEWED, "query-secret", "ana@example.es"):
        assert not [text for text in said if secret in text]
    assert {"method", "host", "path"} <= logs[0].keys() if not isinstance(fault, Exception) else logs == []


class Page(msgspec.Struct):
    """What a test expects."""

    total: int


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"total":1,}', "byte 11"),
        (b'{"total":"ana@example.es"}', r"Expected `int`, got `str` - at `\$.total`"),
        (b'{"sum":1}', "missing required field `total`"),
        (b'{"total":1', "truncated"),
    ],
)
def test_malformed_json_names_place_and_not_content(text: bytes, fault: str) -> None:
    """Provider, path, size and position are said; what stands there is not."""
    with pytest.raises(UnexpectedPayload, match=rf"square: /v2/x answered {len(text)} bytes .*{fault}") as raised:
        decode(text, Page, provider="square", path="/v2/x")
    assert "ana@" not in str(raised.value)
