"""What the API says of itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

OPEN = ("/healthz", "/readyz", "/metrics")
NO_IDEMPOTENCY_KEY = {"/api/v1/pos/webhooks/{provider}"}
"""A POS repeats its deliveries under their own event ids."""


@pytest.fixture
def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    return app.openapi()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every route."""
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            yield path, method, route


def test_every_route_is_described(described: dict[str, Any]) -> None:
    """A summary, a sentence, what each parameter means, and how a path is filled in."""
    for path, method, route in operations(described):
        assert route.get("summary"), (method, path)
        assert route.get("description"), (method, path)
        for parameter in route.get("parameters", []):
            what = (method, path, parameter["name"])
            if (path, parameter["name"]) != ("/api/v1/pos/webhooks/{provider}", "provider"):
                assert parameter.get("description"), what
                assert parameter["in"] != "path" or "example" in str(parameter), what


def test_every_refusal_is_a_problem(described: dict[str, Any]) -> None:
    """With an example of it; a page for browsers and a probe are no refusals."""
    for path, method, route in operations(described):
        refusals = {status: one for status, one in route["responses"].items() if status >= "400"}
        assert path in OPEN or refusals, (method, path)
        for status, response in refusals.items():
            kinds = response["content"]
            if "text/html" in kinds or path in OPEN[:2]:
                continue
            assert set(kinds) == {"application/problem+json"}, (method, path, status)
            assert kinds["application/problem+json"]["example"]["status"] == int(status)
            assert kinds["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
        if route.get("security"):
            assert refusals.keys() >= {"401", "503"}, (method, path)
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_post_takes_an_idempotency_key(described: dict[str, Any]) -> None:
    """And says so."""
    for path, method, route in operations(described):
        headers = {parameter["name"] for parameter in route.get("parameters", []) if parameter["in"] == "header"}
        wants = method == "post" and path not in NO_IDEMPOTENCY_KEY
        assert ("Idempotency-Key" in headers) == wants, (method, path)


def test_models_have_examples(described: dict[str, Any]) -> None:
    """Every model is described and shows what a value looks like, unless it is all figures."""
    schemas = described["components"]["schemas"]
    assert {"Account", "Link", "Asked", "Mapping", "Dashboard", "SyncHealth", "UnmappedSales"} <= schemas.keys()
    for name, schema in schemas.items():
        figures = {field.get("type") for field in schema.get("properties", {}).values()} <= {"integer"}
        assert schema.get("description") or name.startswith("Page_"), name
        assert figures or "examples" in str(schema) or "$ref" in str(schema), name


def test_every_answer_in_json_has_an_example(described: dict[str, Any]) -> None:
    """By itself or by its model."""
    for path, method, route in operations(described):
        for status, response in route["responses"].items():
            if status < "300" and (kind := response.get("content", {}).get("application/json")):
                assert "example" in kind or "$ref" in str(kind["schema"]), (method, path)
