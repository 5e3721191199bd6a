"""What the API says of itself."""

from typing import Any

import pytest
from fastapi import FastAPI

MAPPED = ("/api/v1/pos/mappings", "/api/v1/pos/analytics", "/metrics")


@pytest.fixture
def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    return app.openapi()


def test_every_route_is_described(described: dict[str, Any]) -> None:
    """A summary, a sentence, and what each parameter means."""
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert route.get("summary"), (method, path)
            assert route.get("description"), (method, path)
            for parameter in route.get("parameters", []):
                if path.startswith(MAPPED):
                    assert parameter.get("description"), (method, path, parameter["name"])


def test_mapping_and_analytics_models_have_examples(described: dict[str, Any]) -> None:
    """Every model behind these routes is described and shows what a value looks like."""
    schemas = described["components"]["schemas"]
    seen: set[str] = set()

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                follow(schemas[name])
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    for path, methods in described["paths"].items():
        if path.startswith(MAPPED):
            follow(methods)
    theirs = {name for name in seen if name != "Problem" and not name.startswith("Page_")}
    assert {"Mapping", "NewMapping", "Dashboard", "SyncHealth", "UnmappedSales", "AutoMapped"} <= theirs
    for name in theirs:
        schema = schemas[name]
        assert schema.get("description"), name
        assert "examples" in str(schema) or "$ref" in str(schema), name
