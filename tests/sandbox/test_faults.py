"""Faults by switch, errors in Square's shape, and counters to assert on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.sandbox import Sandbox
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.consenting import consent, exchange, refresh

NO_RETRY: Any = {"max_retries": 0}


def statuses(http: httpx.Client, count: int) -> list[int]:
    """Statuses of so many equal requests."""
    return [http.get("/v2/locations").status_code for _ in range(count)]


def test_faults_repeat_with_their_seed(sandbox: Sandbox, http: httpx.Client) -> None:
    """The same switches give the same answers to the same sequence of requests."""
    runs = []
    for seed in (7, 7, 8):
        sandbox.faults(rate_limit=0.2, server_error=0.2, seed=seed)
        runs.append(statuses(http, 60))

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert {200, 429} <= set(runs[0])
    assert set(runs[0]) & {500, 502, 503, 504}


def test_rate_limits_look_like_squares(sandbox: Sandbox, square: Square) -> None:
    """429 RATE_LIMIT_ERROR RATE_LIMITED."""
    sandbox.faults(rate_limit=1)

    with pytest.raises(ApiError) as refused:
        square.locations.list(request_options=NO_RETRY)
    error = refused.value.errors[0]
    assert (refused.value.status_code, error.category, error.code) == (429, "RATE_LIMIT_ERROR", "RATE_LIMITED")


def test_retry_after_is_sent_on_request(sandbox: Sandbox, http: httpx.Client) -> None:
    """Square documents none, so none is the default."""
    sandbox.faults(rate_limit=1)
    silent = http.get("/v2/locations")
    sandbox.faults(rate_limit=1, retry_after_seconds=3)
    telling = http.get("/v2/locations")

    assert "retry-after" not in silent.headers
    assert telling.headers["retry-after"] == "3"


def test_html_comes_as_success_and_as_failure(sandbox: Sandbox, http: httpx.Client) -> None:
    """A proxy's page with 200 or 502."""
    sandbox.faults(html=1)
    answers = [http.get("/v2/locations") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200, 502}
    assert all(answer.headers["content-type"].startswith("text/html") for answer in answers)


def test_malformed_json_is_cut_short(sandbox: Sandbox, http: httpx.Client) -> None:
    """200 with half a body."""
    sandbox.faults(malformed=1)
    answer = http.get("/v2/locations")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


def test_tokens_expire_after_requests(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """Mid-way an access token dies; a refreshed one works again for as long."""
    square = open_square(None)
    tokens = exchange(square, consent(sandbox, scope="MERCHANT_PROFILE_READ")["code"])
    sandbox.faults(expire_tokens_after_requests=2)
    client = open_square(tokens.access_token)
    client.locations.list()
    client.locations.list()

    with pytest.raises(ApiError) as refused:
        client.locations.list()
    assert (refused.value.status_code, refused.value.errors[0].code) == (401, "ACCESS_TOKEN_EXPIRED")
    renewed = refresh(square, tokens.refresh_token, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    assert open_square(renewed.access_token).locations.list().locations


def test_unknown_switches_are_refused(sandbox: Sandbox) -> None:
    """A misspelt fault would otherwise test nothing."""
    with pytest.raises(InvalidRequest, match="rate_limits"):
        sandbox.faults(rate_limits=0.5)


def test_the_version_asked_for_is_echoed(http: httpx.Client) -> None:
    """And a malformed one refused."""
    answer = http.get("/v2/locations", headers={"Square-Version": "2025-08-20"})
    wrong = http.get("/v2/locations", headers={"Square-Version": "latest"})

    assert answer.headers["square-version"] == "2025-08-20"
    assert wrong.json()["errors"][0]["code"] == "INVALID_SQUARE_VERSION_FORMAT"


def test_a_body_that_is_not_json_is_refused(http: httpx.Client) -> None:
    """400 EXPECTED_JSON_BODY."""
    answer = http.post("/v2/orders/search", content=b"<xml/>")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "EXPECTED_JSON_BODY")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v2/nothing", 404), ("DELETE", "/v2/payments", 405)])
def test_unknown_routes_answer_in_squares_shape(http: httpx.Client, method: str, path: str, status: int) -> None:
    """404 NOT_FOUND and 405 METHOD_NOT_ALLOWED with errors."""
    answer = http.request(method, path)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["category"] == "INVALID_REQUEST_ERROR"


def test_requests_are_counted_by_endpoint(sandbox: Sandbox, http: httpx.Client) -> None:
    """One counter per method and path template, until reset."""
    sandbox.requests(reset=True)
    statuses(http, 3)
    http.get("/v2/orders/some-order")

    assert sandbox.requests(reset=True)["square"] == {"GET /v2/locations": 3, "GET /v2/orders/{order_id}": 1}
    assert sandbox.requests()["square"] == {}


class TestControl:
    """The same from outside the process, over HTTP."""

    @pytest.fixture
    def control(self, sandbox: Sandbox) -> Any:
        """A client of the control API."""
        with httpx.Client(base_url=f"{sandbox.address}/_sandbox", timeout=30) as client:
            yield client

    def test_world_advances(self, control: httpx.Client, sandbox: Sandbox) -> None:
        """Sales rung up over HTTP are in the truth."""
        before = control.get("/truth").json()["days"]
        answer = control.post("/advance", json={"sales": 4, "merchant_id": sandbox.merchants("square")[0]["id"]}).json()
        after = control.get("/truth", params={"merchant_id": sandbox.merchants("square")[0]["id"]}).json()["days"]

        assert answer["changed_sales"] >= 4
        assert sum(day["sales_count"] for day in after) >= 4 + sum(
            day["sales_count"] for day in before if day["merchant_id"] == after[0]["merchant_id"]
        )

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 400),
            ({"hours": 1, "sales": 1}, 400),
            ({"hours": -1}, 400),
            ({"days": 1}, 400),
            ({"sales": 1, "merchant_id": "nobody"}, 404),
        ],
    )
    def test_wrong_advances_are_refused(self, control: httpx.Client, body: dict[str, Any], status: int) -> None:
        """With a sentence that says why."""
        answer = control.post("/advance", json=body)

        assert answer.status_code == status
        assert answer.json()["error"]

    def test_faults_revoke_and_requests(self, control: httpx.Client, sandbox: Sandbox) -> None:
        """Switches, revocation and counters work over HTTP too."""
        merchant = control.get("/merchants", params={"provider": "square"}).json()["merchants"][-1]
        headers = {"Authorization": f"Bearer {merchant['access_token']}"}
        control.delete("/requests")
        control.post("/faults", json={"rate_limit": 1})
        limited = httpx.get(f"{sandbox.base_url()}/v2/locations", headers=headers)
        control.post("/faults", json={})
        control.post("/revoke", json={"merchant_id": merchant["id"]})
        revoked = httpx.get(f"{sandbox.base_url()}/v2/locations", headers=headers)

        assert (limited.status_code, revoked.status_code) == (429, 401)
        assert control.get("/requests").json()["square"] == {"GET /v2/locations": 2}
