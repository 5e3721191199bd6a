"""What a piece of work costs: CPU of Python and of the Postgres server, wall time, memory.

CPU seconds decide, because wall time on a shared machine says more about the neighbours. Every piece
runs in a fresh process, warms up first, and takes turns with what it is compared to.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

import structlog

from benchmarks.server import Server

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass
class Cost:
    """Seconds spent; filled when the measured block ends."""

    wall: float = 0.0
    python: float = 0.0
    """CPU of this process and of the children it has waited for."""
    postgres: float = 0.0
    """CPU of the whole server, its background writers included; 0 when it cannot be seen from here."""
    peak_mb: float = 0.0
    """Largest resident memory this process has had, in MB."""

    @property
    def cpu(self) -> float:
        """Seconds of CPU on both sides of the socket."""
        return self.python + self.postgres


@contextmanager
def measured(server: Server) -> Iterator[Cost]:
    """The cost of the block. The server's earlier writes are flushed first, at nobody's expense."""
    server.settle()
    cost = Cost()
    wall, python, postgres = time.perf_counter(), _own_cpu(), server.cpu_seconds()
    yield cost
    cost.wall = time.perf_counter() - wall
    cost.python = _own_cpu() - python
    cost.postgres = server.cpu_seconds() - postgres
    cost.peak_mb = _peak_mb()


def in_child(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Result of `function` run in a process of its own, so that no one's memory or caches help another."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_log_like_a_service) as pool:
        return pool.submit(function, *args, **kwargs).result()


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        wall=median(cost.wall for cost in costs),
        python=median(cost.python for cost in costs),
        postgres=median(cost.postgres for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
    )


def describe(cost: Cost, count: int | None = None) -> str:
    """A cost in words; with `count` things done, the rate as well."""
    rate = f", {count / cost.wall:,.0f}/s" if count else ""
    return (
        f"{cost.cpu:.1f} s CPU ({cost.python:.1f} Python, {cost.postgres:.1f} Postgres), {cost.wall:.1f} s wall{rate}"
    )


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios: both figures of a round met the same neighbours."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def _log_like_a_service() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_mb() -> float:
    """`getrusage` would not do: a process inherits the peak of the one that started it."""
    status = Path("/proc/self/status").read_text()
    peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak_kb) * 1024 / 1e6
