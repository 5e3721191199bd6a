"""Faults by switch, in Toast's words."""

import pytest

from pos_pipeline.sandbox import Sandbox
from tests.sandbox.toast.client import Toast, parsed

PATH = "/partners/v1/restaurants"


def test_injected_limits_say_when_to_come_back(sandbox: Sandbox, toast: Toast) -> None:
    """Toast documents Retry-After, so one is sent even when none is chosen."""
    sandbox.faults(rate_limit=1)
    usual = toast.get(PATH)
    sandbox.faults(rate_limit=1, retry_after_seconds=7)
    chosen = toast.get(PATH)

    assert (usual.status_code, usual.headers["retry-after"], chosen.headers["retry-after"]) == (429, "1", "7")
    assert usual.json()["status"] == 429


def test_server_errors_have_a_request_id(sandbox: Sandbox, toast: Toast) -> None:
    """500 to 504, an ErrorMessage each, never the same id."""
    sandbox.faults(server_error=1)
    answers = [toast.get(PATH) for _ in range(12)]

    assert {answer.status_code for answer in answers} <= {500, 502, 503, 504}
    assert len({answer.json()["requestId"] for answer in answers}) == 12


def test_html_comes_as_success_and_as_failure(sandbox: Sandbox, toast: Toast) -> None:
    """A proxy's page with 200 or 502."""
    sandbox.faults(html=1)
    answers = [toast.get(PATH) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200, 502}
    assert all(answer.headers["content-type"].startswith("text/html") for answer in answers)


def test_malformed_json_is_cut_short(sandbox: Sandbox, toast: Toast) -> None:
    """200 with half a body."""
    sandbox.faults(malformed=1)
    answer = toast.get(PATH)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/orders/v2/nothing", 404), ("PUT", PATH, 405)])
def test_unknown_routes_answer_in_toasts_shape(toast: Toast, method: str, path: str, status: int) -> None:
    """404 and 405 with an ErrorMessage."""
    answer = toast.http.request(method, path)

    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_requests_are_counted_by_endpoint(sandbox: Sandbox, toast: Toast) -> None:
    """One counter per method and path template, until reset."""
    sandbox.requests(reset=True)
    for _ in range(3):
        parsed(toast.get(PATH))
    toast.get("/orders/v2/orders/x")

    assert sandbox.requests(reset=True)["toast"] == {f"GET {PATH}": 3, "GET /orders/v2/orders/{guid}": 1}
