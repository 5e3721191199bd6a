"""How tests are shared out when several processes run them (`pytest -n 3 --dist loadscope`).

Tests of a file stay together, because they share what the file's fixtures made; where those make one thing for
each POS, tests are shared out by POS. What takes longest goes first, so that nobody is still at it when the others
have nothing left.
"""

import re

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/integration/test_kill.py",
    "tests/providers/test_contract.py",
    "tests/integration/",
    "tests/dbt/",
    "tests/dagster/",
    "tests/gateway/",
)
BY_POS = re.compile(r"^(tests/(?:integration/test_kill|providers/test_contract)\.py::\w+)\[(\w+)")


class ByFileAndPos(LoadScopeScheduling):  # type: ignore[misc]
    """Scopes are files, and POS where a file has fixtures for each."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        found = BY_POS.match(nodeid)
        return f"{path}:{found[2]}" if found else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFileAndPos:
    """Share out by what tests have in common."""
    return ByFileAndPos(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; they are the same items in every process."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, prefix in enumerate(LONGEST) if item.nodeid.startswith(prefix)), len(LONGEST))
