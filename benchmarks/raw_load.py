"""Pages to committed raw rows: the pipeline's own way, a bare COPY, and default dlt.

    ours   Square's reader ▶ sync_window ▶ dlt csv ▶ ledger committed      (all the pages)
    copy   the same rows as a ready COPY stream, one transaction           (all the rows)
    dlt    json.loads ▶ dlt.resource with every default: nested tables     (fewer pages, scaled)

All three begin with bytes on disk and end with committed rows; the HTTP answer is replaced by reading
a file. Imports and a first small load, which set a process up, are not counted.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import psycopg

from benchmarks.measure import Cost, describe, in_child, measured, middle, ratio
from benchmarks.merchants import Merchant, link
from benchmarks.order_pages import CONNECTION_ID, LOCATION_ID, ORDERS_PER_PAGE, PIECE, TENANT_ID, WINDOW, OrderPages
from benchmarks.report import Row, Verdict
from benchmarks.server import Server, open_bench_services
from pos_pipeline.extract import sync_window
from pos_pipeline.provider import Answer, Api, Page, Position, Source, Window
from pos_pipeline.providers.square import Square

CPU_BUDGET = 1.6
MEMORY_BUDGET_MB = 350
PIECES_FOR_MEMORY = 3
"""The memory row reads a window of so many pieces at once, all pages in each."""
_COLUMNS = "tenant_id, connection_id, location_id, id, version_at, version_no, payload, fetched_at, _dlt_load_id"
_MERCHANT = Merchant(TENANT_ID, CONNECTION_ID, "bench", (LOCATION_ID,))


def rows(server: Server, pages: OrderPages, *, dlt_rows: int, rounds: int) -> Iterator[Row]:
    """Rows of the table."""
    ours, copy, dlt = [], [], []
    for _ in range(rounds):
        with server.database("raw") as url:
            copy.append(in_child(copy_rows, server, url, pages))
        with server.database("raw") as url:
            ours.append(in_child(load_pages, server, url, pages))
        with server.database("raw", migrated=False) as url:
            dlt.append(in_child(load_nested, server, url, replace(pages, rows=dlt_rows)))
    with server.database("raw") as url:
        large = in_child(load_pages, server, url, pages, pieces=PIECES_FOR_MEMORY)
    yield from _report(pages, dlt_rows, ours, copy, dlt)
    for rows_read, cost in ((pages.rows, middle(ours)), (pages.rows * PIECES_FOR_MEMORY, large)):
        yield Row(
            f"Peak memory of the loading process, {rows_read:,} orders",
            f"{cost.peak_mb:.0f} MB",
            verdict=Verdict(cost.peak_mb, MEMORY_BUDGET_MB, "MB"),
        )


def _report(
    pages: OrderPages, dlt_rows: int, ours: Sequence[Cost], copy: Sequence[Cost], dlt: Sequence[Cost]
) -> Iterator[Row]:
    yield Row(
        f"{pages.rows:,} orders ({pages.size_mb:.0f} MB of pages) to committed raw rows",
        describe(middle(ours), pages.rows),
        f"bare COPY of the same bytes: {describe(middle(copy), pages.rows)}",
        Verdict(ratio([c.cpu for c in ours], [c.cpu for c in copy]), CPU_BUDGET, "x CPU of COPY"),
        note=f"wall {ratio([c.wall for c in ours], [c.wall for c in copy]):.2f} x COPY",
    )
    times = ratio([c.cpu * pages.rows / dlt_rows for c in dlt], [c.cpu for c in ours])
    yield Row(
        "The same by default dlt (nested tables, nothing configured)",
        describe(middle(ours), pages.rows),
        f"default dlt, {dlt_rows:,} orders: {describe(middle(dlt), dlt_rows)}",
        note=f"scaled to {pages.rows:,} orders: {times:.1f} x our CPU",
    )


def load_pages(server: Server, url: str, pages: OrderPages, pieces: int = 1) -> Cost:
    """Our cost: Square's own reader and `sync_window`, from page bytes to the ledger's commit."""
    with open_bench_services(url) as services:
        link(services, _MERCHANT)
        warm = replace(services, providers={"square": FiledSquare(replace(pages, rows=ORDERS_PER_PAGE))})
        sync_window(warm, CONNECTION_ID, Window(WINDOW.start - PIECE, WINDOW.start), streams=["orders"])
        filed = replace(services, providers={"square": FiledSquare(pages)})
        window = Window(WINDOW.start, WINDOW.start + PIECE * pieces)
        with measured(server) as cost:
            outcome = sync_window(filed, CONNECTION_ID, window, streams=["orders"])
        assert outcome.rows == {"orders": pages.rows * pieces}, outcome
    return cost


class FiledSquare(Square):
    """Square, but every answer comes from a file instead of the network; every window holds all pages."""

    def __init__(self, pages: OrderPages) -> None:
        self._pages = pages

    def read(
        self, api: Api, source_: Source, stream: str, since: Position | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        """Square's own reading over our answers."""
        del api
        return super().read(_FiledAnswers(self._pages), source_, stream, since, window)


@dataclass
class _FiledAnswers:
    """`provider.Api` of one reading: page after page."""

    pages: OrderPages
    answered: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)

    def answer(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """Orders are not read by GET."""
        raise NotImplementedError(path, params)

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """Orders are not read by GET."""
        raise NotImplementedError(path, params)

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """The next page."""
        assert path == "/v2/orders/search", path
        assert (self.answered == 0) == ("cursor" not in json)
        self.answered += 1
        return self.pages.page(self.answered - 1, is_last=self.answered == len(self.pages))


def copy_rows(server: Server, url: str, pages: OrderPages) -> Cost:
    """The least it can cost: ready bytes into the same table with the same index."""
    with psycopg.connect(url, autocommit=True) as connection:
        statement = f"copy raw_square.orders ({_COLUMNS}) from stdin"
        with (
            pages.copy_stream.open("rb") as stream,
            measured(server) as cost,
            connection.transaction(),
            connection.cursor().copy(statement) as copy,
        ):
            for block in iter(partial(stream.read, 256 * 1024), b""):
                copy.write(block)
        found = connection.execute("select count(*) from raw_square.orders").fetchone()
        assert found == (pages.rows,), found
    return cost


def load_nested(server: Server, url: str, pages: OrderPages) -> Cost:
    """What a first pipeline written with dlt costs: parsed pages, nothing configured."""
    import dlt  # noqa: PLC0415 - its import belongs to the process, not to the measured work

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=folder, destination=dlt.destinations.postgres(url), dataset_name="nested"
        )
        pipeline.run(dlt.resource(_parsed(replace(pages, rows=ORDERS_PER_PAGE)), name="orders"))
        with measured(server) as cost:
            pipeline.run(dlt.resource(_parsed(pages), name="orders"))
    return cost


def _parsed(pages: OrderPages) -> Iterator[list[dict[str, Any]]]:
    for number in range(len(pages)):
        yield json.loads(pages.page(number))["orders"]
