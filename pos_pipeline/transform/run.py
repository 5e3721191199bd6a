"""One run: take the lock, claim loads, let dbt make what is behind, settle the batch."""

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pos_pipeline.errors import Busy, InvalidRequest
from pos_pipeline.services import Services
from pos_pipeline.transform import engine, ledger
from pos_pipeline.transform.failures import TransformFailed, explain
from pos_pipeline.transform.project import Node, Project, load_project
from pos_pipeline.transform.upkeep import prepare_new_rows
from pos_pipeline.warehouse.database import Connection, Database

TRANSFORM_LOCK = 7_301_002
WAIT_SECONDS = 300.0
POLL_SECONDS = 0.2
THREADS = 4
SUCCESS = ("success", "pass", "warn", "no-op")


@dataclass(frozen=True)
class ModelRun:
    """What became of one seed, view or model."""

    name: str
    status: str
    """success, error or skipped."""
    rows: int | None
    """Rows written; None for a view or when Postgres does not say."""
    seconds: float


@dataclass(frozen=True)
class TransformResult:
    """What one run did. `batch_id` is None when there was nothing to do and dbt was not called."""

    batch_id: int | None
    loads_claimed: int
    models: tuple[ModelRun, ...]
    succeeded: bool
    error: TransformFailed | None = None
    """The first failure, in words fit for a log; failed models are run again by the next call."""

    def raise_for_failure(self) -> None:
        """Raise `error` if there is one."""
        if self.error is not None:
            raise self.error


def run_transform(
    services: Services,
    *,
    select: Sequence[str] | None = None,
    full_refresh: bool = False,
    wait_seconds: float = WAIT_SECONDS,
) -> TransformResult:
    """Bring the marts up to date with every committed load, and with the project as it is now.

    Missing relations, and those built from other SQL than the project now has, are built from all raw rows;
    the rest reads only what is new. With nothing new this costs a few queries.

    Args:
        services: Settings and warehouse.
        select: Names of models to run on what is claimed already; nothing is claimed and no batch made good.
        full_refresh: Build everything again from raw rows.
        wait_seconds: How long to wait for a transform that is running.

    Raises:
        Busy: another transform has run for longer than `wait_seconds`.
        WarehouseUnavailable: Postgres does not answer.
        Misconfigured: the dbt project does not parse.
        InvalidRequest: `select` names something that is not a model.
    """
    with _alone(services.database, wait_seconds) as session:
        project = load_project(services.settings)
        prepare_new_rows(session, project)
        return _Run(services, project).execute(chosen=_chosen(project, select), full_refresh=full_refresh)


def replay(services: Services, models: Sequence[str], *, wait_seconds: float = WAIT_SECONDS) -> TransformResult:
    """Let `models` read everything again, in place, and bring what is made from them up to date.

    For a correction outside the project's files and the accounts, which are noticed without it. Readers
    see old rows or new ones, never none.

    Raises:
        As `run_transform`.
    """
    with _alone(services.database, wait_seconds):
        project = load_project(services.settings)
        ids = _chosen(project, models) or set()
        names = [node.name for node in _nodes(project, project.with_descendants(ids)) if node.kind == "incremental"]
        with services.database.transaction() as connection:
            ledger.forget_progress(connection, names)
        return _Run(services, project).execute(chosen=None, full_refresh=False)


class _Run:
    """The steps of one run, under the lock."""

    def __init__(self, services: Services, project: Project) -> None:
        self._services = services
        self._project = project
        self._models: list[ModelRun] = []
        self._error: TransformFailed | None = None

    def execute(self, *, chosen: set[str] | None, full_refresh: bool) -> TransformResult:
        """Claim, make, settle."""
        opened = self._open(chosen, full_refresh=full_refresh)
        if opened is None:
            return TransformResult(None, 0, (), succeeded=True)
        batch_id, loads_claimed, plan, marks = opened
        variables = {"batch_id": batch_id, "progress": marks}
        # What is only behind is never made from what is rebuilt, but may be what that is made from.
        if plan.behind:
            self._invoke("run", plan.behind, variables)
        if plan.rebuild and self._error is None:
            prints = {node.id: node.fingerprint for node in _nodes(self._project, plan.rebuild)}
            self._invoke("build", plan.rebuild, variables | {"fingerprints": prints})
        with self._services.database.transaction() as connection:
            ledger.close_batch(connection, batch_id, succeeded=self._error is None, is_complete=chosen is None)
        return TransformResult(batch_id, loads_claimed, tuple(self._models), self._error is None, self._error)

    def _open(
        self, chosen: set[str] | None, *, full_refresh: bool
    ) -> tuple[int, int, ledger.Plan, dict[str, int]] | None:
        with self._services.database.transaction() as connection:
            if chosen is not None:
                batch_id, _ = ledger.open_batch(connection, self._project, claim=False)
                full = frozenset(chosen if full_refresh else ())
                return batch_id, 0, ledger.Plan(full, frozenset(chosen) - full), ledger.marks(connection)
            is_idle = not ledger.has_unclaimed_loads(connection) and not ledger.note_changed_accounts(connection)
            if is_idle and ledger.plan(connection, self._project, rebuild_all=full_refresh).is_empty:
                ledger.settle_batches(connection)
                return None
            batch_id, loads_claimed = ledger.open_batch(connection, self._project, claim=True)
            plan = ledger.plan(connection, self._project, rebuild_all=full_refresh)
            return batch_id, loads_claimed, plan, ledger.marks(connection)

    def _invoke(self, verb: str, ids: Collection[str], variables: Mapping[str, Any]) -> None:
        command = [verb, "--vars", json.dumps(variables), "--threads", str(THREADS), "--no-write-json"]
        if verb == "build":
            command += ["--full-refresh", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        command += ["--select", *sorted(node.name for node in _nodes(self._project, ids))]
        target = self._services.settings.pos_home / "dbt" / "run"
        target.mkdir(parents=True, exist_ok=True)
        outcome = engine.invoke(
            command,
            project_dir=self._services.settings.dbt_project_dir,
            target_dir=target,
            url=self._services.database.url,
            manifest=self._project.manifest,
        )
        results = list(getattr(outcome.result, "results", ()))
        self._models += [_model_run(result) for result in results]
        if not outcome.success:
            self._error = explain(outcome.exception, results)
        if verb == "build":
            good = {result.node.unique_id for result in results if str(result.status) in SUCCESS}
            with self._services.database.transaction() as connection:
                ledger.record_built(connection, _nodes(self._project, good))


def _model_run(result: Any) -> ModelRun:
    rows = (result.adapter_response or {}).get("rows_affected")
    return ModelRun(
        name=result.node.name,
        status=str(result.status),
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        seconds=round(result.execution_time, 3),
    )


def _nodes(project: Project, ids: Collection[str]) -> list[Node]:
    return [node for node in project.nodes.values() if node.id in ids]


def _chosen(project: Project, names: Sequence[str] | None) -> set[str] | None:
    if names is None:
        return None
    unknown = sorted(set(names) - set(project.by_name))
    if unknown:
        raise InvalidRequest(f"transform: there is no model {', '.join(unknown)}; `dbt_project/models` has them all.")
    return {project.by_name[name].id for name in names}


@contextmanager
def _alone(database: Database, wait_seconds: float) -> Iterator[Connection]:
    """The only transform of this process and of this warehouse.

    The lock is held by a session of its own and goes with it, so a process that is killed leaves none behind.
    """
    give_up_at = time.monotonic() + wait_seconds
    with engine.turn(wait_seconds), database.session() as session:
        while not session.execute("select pg_try_advisory_lock(%s)", (TRANSFORM_LOCK,)).fetchall()[0][0]:
            if time.monotonic() >= give_up_at:
                raise Busy(
                    f"transform: another process has been transforming {database.place} for over {wait_seconds:.0f} s; "
                    "it sees everything this call would have seen."
                )
            time.sleep(POLL_SECONDS)
        yield session
