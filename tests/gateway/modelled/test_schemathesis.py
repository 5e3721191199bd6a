"""Requests that schemathesis makes up from the OpenAPI document: no server error, and answers as they are described."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig.tills import settings_for
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.sandbox import running_sandbox
from pos_pipeline.sandbox.shop.merchants import PANADERIA
from pos_pipeline.warehouse.database import Database
from tests.gateway.planted import Planted, plant

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 5
"""For each route, kind of request and caller; what is new each time would be a test that fails at random."""


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every POS, so that none is asked that is real."""
    with running_sandbox(days=1, sales_per_day=2, merchants=[PANADERIA]) as sandbox:
        for provider in sandbox.clouds:
            for name, value in settings_for(provider, sandbox.base_url(provider)).items():
                monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def planted(database: Database, bakery: Tenant) -> Planted:
    """A caller who has everything there is."""
    return plant(database, bakery, "ownword")


def places_in(operation: Any, planted: Planted) -> st.SearchStrategy[dict[str, Any]]:
    """Path parameters that lead somewhere."""
    names = [parameter.name for parameter in operation.path_parameters]
    things = planted.things | {"provider": "toast" if "code" in names else "square"}
    return st.just({name: things[name] for name in names})


def is_last(operation: Any) -> bool:
    """Whether others had better be asked before: it ends what they are about."""
    return bool(operation.method == "delete")


@pytest.mark.usefixtures("clouds")
@pytest.mark.parametrize("has_token", [True, False])
def test_answers_are_as_described(
    app: FastAPI, planted: Planted, token_of: Callable[..., str], has_token: bool
) -> None:
    """Good requests and bad ones, about things there are and things there are not, with a token and with none."""
    schema = schemathesis.openapi.from_asgi("/api/v1/pos/openapi.json", app)
    token = {"Authorization": f"Bearer {token_of(planted.tenant.id)}"} if has_token else {}
    asked = 0
    for operation in sorted((found.ok() for found in schema.get_all_operations()), key=is_last):
        cases = [operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
        if operation.path_parameters:
            cases.append(
                places_in(operation, planted).flatmap(lambda at, o=operation: o.as_strategy(path_parameters=at))
            )

        @settings(
            max_examples=EXAMPLES * len(cases),
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(cases))
        def holds(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=token, checks=CHECKS)

        holds()

    assert asked
