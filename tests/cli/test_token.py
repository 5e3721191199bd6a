"""A token on the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from pos_pipeline.gateway.identity import build_verifier
from pos_pipeline.gateway.local_key import local_key
from pos_pipeline.gateway.settings import GatewaySettings

Run = Callable[..., Result]


def test_a_token_is_one_line_and_good(run: Run, tmp_path: Path) -> None:
    """What is printed is what a request carries: nothing broken, nothing around it."""
    run("tenants", "create", "crumb", "--name", "Crumb")
    result = run("token", "crumb", "--scopes", "write")

    [line] = result.stdout.splitlines()
    identity = build_verifier(GatewaySettings(), local_key(tmp_path / "home")).verify(line)
    assert identity.scopes == {"read", "write"}


@pytest.mark.parametrize("words", [("token", "nobody"), ("token", "crumb", "--scopes", "root")])
def test_a_token_for_nobody_or_nothing(run: Run, words: tuple[str, ...]) -> None:
    """No such tenant, no such scope: nothing is printed that could be taken for a token."""
    run("tenants", "create", "crumb", "--name", "Crumb")
    result = run(*words)

    assert result.exit_code != 0
    assert result.stdout == ""
