"""How tests are shared out when several processes run them (`pytest -n 3 --dist loadgroup`).

Tests of a file stay together, because they share what the file's fixtures made; tests of every POS are shared
out by POS. What takes longest goes first, so that nobody is still at it when the others have nothing left.
"""

import pytest

LONGEST = (
    "tests/integration/test_kill.py",
    "tests/providers/test_contract.py",
    "tests/integration/",
    "tests/dbt/",
    "tests/dagster/",
    "tests/gateway/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group, and put the longest first."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_rank)


def _group(item: pytest.Item) -> str:
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    pos = parameters.get("linked") or parameters.get("provider")
    return f"{item.nodeid.partition('::')[0]}:{pos}" if isinstance(pos, str) else item.nodeid.partition("::")[0]


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, prefix in enumerate(LONGEST) if item.nodeid.startswith(prefix)), len(LONGEST))
