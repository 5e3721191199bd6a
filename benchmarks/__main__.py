"""`python -m benchmarks`: run all comparisons, print the table, keep it in docs/benchmarks.md."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import (
    far_history,
    long_history,
    matching,
    quiet_sync,
    raw_load,
    sandbox_to_marts,
    till_to_marts,
    webhook_storm,
)
from benchmarks.order_pages import ORDERS_PER_PAGE, order_pages
from benchmarks.report import Row, Table, show, write
from benchmarks.server import HOME, Server, open_server
from pos_pipeline.settings import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "benchmarks.md"
FAR_SALES_PER_DAY = 60
LIVE_DAYS = 30
LIVE_PER_SECOND = 5
WEBHOOKS_PER_SECOND = 500
NAMES = ("raw", "marts", "quiet", "far", "matching", "live", "storm", "past")
REMARKS = (Path(__file__).parent / "remarks.md").read_text()


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    rows: int
    """Orders of the raw load."""
    dlt_rows: int
    """Orders default dlt loads there; its time is scaled, because it would take minutes."""
    orders: int
    """Orders read from the simulated cloud."""
    past: int
    """Orders of the short past."""
    times: int
    """How many times longer the long past is."""
    far_days: int
    """Length of the past that is read from far away."""
    live_seconds: int
    """How long sales come while their way into the marts is timed."""
    storm_seconds: int
    """How long webhooks come thickly."""
    rounds: int
    """Of the longest comparison; shorter ones have more."""


FULL = Sizes(
    rows=100_000,
    dlt_rows=10_000,
    orders=20_000,
    past=50_000,
    times=40,
    far_days=30,
    live_seconds=60,
    storm_seconds=30,
    rounds=3,
)
QUICK = Sizes(
    rows=20_000,
    dlt_rows=5_000,
    orders=4_000,
    past=5_000,
    times=10,
    far_days=7,
    live_seconds=20,
    storm_seconds=6,
    rounds=1,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for. The exit code says whether it could be measured, not whether budgets are met."""
    chosen = _parser().parse_args(arguments)
    sizes = QUICK if chosen.quick else FULL
    rows_read = (chosen.rows or sizes.rows) // ORDERS_PER_PAGE * ORDERS_PER_PAGE
    started = time.monotonic()
    with open_server() as server:
        benchmarks: dict[str, Callable[[], Iterator[Row | Table]]] = {
            "raw": partial(_raw, server, rows_read, sizes),
            "marts": partial(sandbox_to_marts.rows, server, orders=sizes.orders, rounds=sizes.rounds),
            "quiet": partial(quiet_sync.rows, server, rounds=sizes.rounds + 2),
            "far": partial(
                far_history.rows, server, days=sizes.far_days, sales_per_day=FAR_SALES_PER_DAY, rounds=sizes.rounds
            ),
            "matching": partial(matching.rows, rounds=sizes.rounds + 2),
            "live": partial(
                till_to_marts.rows, server, days=LIVE_DAYS, seconds=sizes.live_seconds, per_second=LIVE_PER_SECOND
            ),
            "storm": partial(webhook_storm.rows, server, seconds=sizes.storm_seconds, per_second=WEBHOOKS_PER_SECOND),
            "past": partial(long_history.rows, server, orders=sizes.past, times=sizes.times, rounds=3 * sizes.rounds),
        }
        rows: list[Row | Table] = []
        for name in chosen.only or benchmarks:
            sys.stderr.write(f"{time.monotonic() - started:5.0f} s  {name} …\n")
            rows += benchmarks[name]()
        postgres = server.version
    show(rows)
    sys.stderr.write(f"{time.monotonic() - started:5.0f} s  done\n")
    if chosen.quick:
        sys.stderr.write("Budgets are for full sizes: on small ones, what every run costs once weighs more.\n")
    elif not (chosen.only or chosen.rows):
        write(DOCUMENT, rows, command="make bench", postgres=postgres, remarks=REMARKS)
    return 0


def _raw(server: Server, rows: int, sizes: Sizes) -> Iterator[Row]:
    yield from raw_load.rows(server, order_pages(HOME, rows), dlt_rows=sizes.dlt_rows, rounds=sizes.rounds + 2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round; too coarse to be kept")
    parser.add_argument("--only", nargs="+", choices=NAMES, help="some of them; not kept")
    parser.add_argument("--rows", type=int, metavar="N", help="orders of the raw load, default 100,000; not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
