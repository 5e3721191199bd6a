"""dbt, called as a function: one call at a time in a process, silent, without network or log files.

dbt keeps its connection in module globals and reads its profile from the environment; both are set for
the length of one call and put back. Its events carry SQL and sometimes values, so none leave this module:
results and exceptions are the only way out.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from pos_pipeline.errors import Busy

ONE_AT_A_TIME = threading.RLock()
"""dbt's adapters are process-wide: two calls at once clear each other's connections (dbt-core#9603)."""
SILENT = (
    "--no-send-anonymous-usage-stats",
    "--no-version-check",
    "--quiet",
    "--log-level",
    "none",
    "--log-level-file",
    "none",
    "--no-use-colors",
)


@contextmanager
def turn(wait_seconds: float) -> Iterator[None]:
    """This thread's turn with dbt.

    Raises:
        Busy: another thread of this process has been using dbt for longer than `wait_seconds`.
    """
    if not ONE_AT_A_TIME.acquire(timeout=wait_seconds):
        raise Busy(f"transform: another transform of this process has run for over {wait_seconds:.0f} s; try again.")
    try:
        yield
    finally:
        ONE_AT_A_TIME.release()


def invoke(
    command: Sequence[str], *, project_dir: Path, target_dir: Path, url: str | None = None, manifest: Any = None
) -> Any:
    """Result (`dbtRunnerResult`) of one dbt command. Failures are in it; this raises none of its own.

    Args:
        command: Such as `("run", "--select", "fct_transactions")`.
        project_dir: Folder with dbt_project.yml and profiles.yml.
        target_dir: Where dbt may write; nothing in it is read by anybody else.
        url: Warehouse to work on; not needed to parse.
        manifest: The parsed project; saves reading it again.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - takes seconds to import

    places = ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir)]
    places += ["--target-path", str(target_dir), "--log-path", str(target_dir)]
    variables = profile_variables(url) if url else {}
    with turn(wait_seconds=-1), _environment(variables):
        if manifest is not None:
            _aim(manifest, variables["POS_DBT_NAME"])
        return dbtRunner(manifest=manifest).invoke([*command, *places, *SILENT])


def _aim(manifest: Any, database: str) -> None:
    """Point a parsed project at `database`: dbt writes the name it parsed with into every relation."""
    for relation in (*manifest.nodes.values(), *manifest.sources.values()):
        relation.database = database


def profile_variables(url: str) -> dict[str, str]:
    """What `profiles.yml` asks of the environment, from a libpq URL (`?host=` names a socket folder).

    The password's variable has the prefix dbt scrubs from everything it says.
    """
    parts = conninfo_to_dict(url)
    named = {
        "POS_DBT_HOST": parts.get("host"),
        "POS_DBT_PORT": parts.get("port"),
        "POS_DBT_USER": parts.get("user"),
        "POS_DBT_NAME": parts.get("dbname"),
        "POS_DBT_SSLMODE": parts.get("sslmode"),
        "DBT_ENV_SECRET_POS_PASSWORD": parts.get("password"),
    }
    return {name: str(value) for name, value in named.items() if value}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
