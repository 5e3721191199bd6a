"""The warehouse against the POS: money by day with a simulated cloud, objects with a real one."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import Result

from pos_pipeline.accounts.connections import load_connection
from pos_pipeline.commands._output import amount
from pos_pipeline.commands._reconcile import _Shop
from pos_pipeline.commands._reread import compare_objects
from pos_pipeline.provider import Page, Record, Window
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
RunJson = Callable[..., Any]
Bakery = dict[str, uuid.UUID]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def truth(location_id: str, day: str, net: str, **counts: int) -> dict[str, Any]:
    """A shop's day as a simulated cloud tells it."""
    return {
        "location_id": location_id,
        "business_date": day,
        "currency": "EUR",
        "sales_count": 2,
        "refunds_count": 1,
        "voids_count": 0,
        "net": net,
    } | counts


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """A simulated Square; the test fills in what its merchant M1 sold."""
    days: list[dict[str, Any]] = []

    class Cloud(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            known = target.path == "/_sandbox/truth" and parse_qs(target.query) == {
                "merchant_id": ["M1"],
                "provider": ["square"],
            }
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"days": days}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Cloud)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("SQUARE_BASE_URL", f"http://127.0.0.1:{server.server_port}/square")
    yield days
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sold(database: Database, bakery: Bakery) -> Callable[..., None]:
    """Puts a shop's day into the marts; everything since 1 January has been imported."""
    with database.transaction() as connection:
        connection.execute(
            "insert into etl.history_windows (connection_id, stream, window_start, window_end, rows_loaded)"
            " values (%s, 'orders', '2026-01-01T00:00Z', '2026-04-01T00:00Z', 1)",
            (bakery["connection"],),
        )
        connection.execute("create schema if not exists marts")
        connection.execute(
            """
            create table marts.fct_daily_volumes (
                tenant_id uuid, pos_provider text, location_id text, business_date date, currency text,
                sale_count int, refund_count int, void_count int, total_amount numeric(19, 4)
            )
            """
        )

    def insert(location_id: str, day: str, total: str, counts: tuple[int, int, int] = (2, 1, 0)) -> None:
        with database.transaction() as connection:
            connection.execute(
                "insert into marts.fct_daily_volumes values (%s, 'square', %s, %s, 'EUR', %s, %s, %s, %s)",
                (bakery["tenant"], location_id, day, *counts, total),
            )

    return insert


def test_equal_days_agree(run: Run, run_json: RunJson, cloud: list[Any], sold: Callable[..., None]) -> None:
    """Every shop-day is there with a difference of nothing, and the command succeeds."""
    cloud += [truth("L0", "2026-02-01", "12.50"), truth("L1", "2026-02-02", "-3.20")]
    sold("L0", "2026-02-01", "12.50")
    sold("L1", "2026-02-02", "-3.20")

    data = run_json("reconcile", "crumb")

    assert data["agrees"] is True
    assert [(d["location_name"], d["business_date"], d["pos"]["net"], d["difference"]) for d in data["days"]] == [
        ("Market Hall", "2026-02-01", "12.50", "0.0000"),
        ("Old Town", "2026-02-02", "-3.20", "0.0000"),
    ]
    assert "Everything agrees: 2 shop-days." in run("reconcile").stdout


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param([("L0", "2026-02-01", "12.49")], id="a cent less"),
        pytest.param([("L0", "2026-02-01", "12.50", (3, 1, 0))], id="a sale of nothing too many"),
        pytest.param([], id="a day that is missing"),
        pytest.param([("L0", "2026-02-01", "12.50"), ("L1", "2026-02-01", "1")], id="a day the POS does not know"),
    ],
)
def test_any_difference_fails(
    run_json: RunJson, cloud: list[Any], sold: Callable[..., None], fault: list[tuple[Any, ...]]
) -> None:
    """Money and counts, missing and invented days: exit code 1, and the line that differs is marked."""
    cloud.append(truth("L0", "2026-02-01", "12.50"))
    for row in fault:
        sold(*row)

    data = run_json("reconcile", exit_code=1)

    assert [day["agrees"] for day in data["days"]].count(False) == 1


def test_days_before_the_import_are_not_compared(
    run_json: RunJson, cloud: list[Any], sold: Callable[..., None]
) -> None:
    """1 January in UTC begins an hour late for Madrid: its first whole day is the 2nd."""
    cloud += [truth("L0", "2025-12-31", "5"), truth("L0", "2026-01-01", "7"), truth("L0", "2026-01-02", "9")]
    sold("L0", "2026-01-01", "6.50")
    sold("L0", "2026-01-02", "9")

    assert [day["business_date"] for day in run_json("reconcile")["days"]] == ["2026-01-02"]


def test_the_days_may_be_chosen(run_json: RunJson, cloud: list[Any], sold: Callable[..., None]) -> None:
    """A difference outside the chosen days is somebody else's question."""
    cloud += [truth("L0", "2026-02-01", "5"), truth("L0", "2026-02-02", "7")]
    sold("L0", "2026-02-02", "7")

    assert run_json("reconcile", "--from", "2026-02-02", "--to", "2026-02-02")["agrees"] is True
    assert run_json("reconcile", exit_code=1)["agrees"] is False


@pytest.mark.usefixtures("bakery")
def test_days_in_the_wrong_order(run: Run) -> None:
    """Wrong usage, told before anything is asked."""
    result = run("reconcile", "--from", "2026-03-01", "--to", "2026-02-01")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: window: it ends (2026-02-01) before it starts (2026-03-01).\n")


@pytest.mark.usefixtures("bakery")
def test_a_cloud_that_is_not_running(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary failure that names the command which starts it."""
    monkeypatch.setenv("SQUARE_BASE_URL", "http://127.0.0.1:9/square")

    result = run("reconcile")

    assert result.exit_code == 3
    assert "Start the simulated clouds: pos-pipeline sandbox" in result.stderr


@pytest.mark.parametrize(
    ("read_since", "closes", "day"),
    [
        (datetime(2026, 1, 1, 0, tzinfo=UTC), time(0), date(2026, 1, 2)),
        (datetime(2025, 12, 31, 23, tzinfo=UTC), time(0), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 0, tzinfo=UTC), time(4), date(2026, 1, 1)),
        (datetime(2026, 7, 1, 0, tzinfo=UTC), time(1), date(2026, 7, 2)),
    ],
)
def test_the_first_whole_day_is_the_shops_own(read_since: datetime, closes: time, day: date) -> None:
    """Zone, summer time and closing hour decide which business day was read whole."""
    shop = _Shop(uuid.uuid4(), "L0", "Market Hall", "Europe/Madrid", closes, read_since)

    assert shop.first_whole_day == day


@pytest.mark.parametrize(
    ("value", "shown"), [("0.0000", "0.00"), ("1234.5000", "1,234.50"), ("-0.0010", "-0.001"), ("7", "7.00")]
)
def test_no_digit_that_matters_is_hidden(value: str, shown: str) -> None:
    """A tenth of a cent is a difference in a currency that has them."""
    assert amount(Decimal(value)) == shown


class Replayed:
    """The real provider, except that the POS shows these records in every window."""

    def __init__(self, provider: Any, records: dict[str, list[Record]]) -> None:
        self._provider = provider
        self._records = records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def read(self, _api: Any, _source: Any, stream: str, *, window: Window) -> Iterator[Page]:
        """One page per record, those of the window."""
        for record in self._records.get(stream, []):
            if window.start <= record.version_at < window.end:
                yield Page([record])


def test_a_real_pos_is_read_again_object_by_object(services: Services, bakery: Bakery, database: Database) -> None:
    """An object that never came, came too old, or came in a load that does not exist is missing."""
    hour = timedelta(hours=1)
    with database.transaction() as connection:
        for load_id, stored in (
            ("L1", [("same", NOON), ("newer", NOON + hour), ("older", NOON - hour)]),
            ("no", [("void", NOON)]),
        ):
            for object_id, version_at in stored:
                connection.execute(
                    "insert into raw_square.orders values (%s, %s, 'L0', %s, %s, null, '{}', now(), %s)",
                    (bakery["tenant"], bakery["connection"], object_id, version_at, load_id),
                )
        connection.execute("insert into etl.loads (pos_provider, load_id, row_count) values ('square', 'L1', 3)")
        for stream in ("orders", "payments"):
            connection.execute(
                "insert into etl.watermarks (connection_id, stream, read_at) values (%s, %s, %s)",
                (bakery["connection"], stream, NOON + hour),
            )
    shown = ["same", "newer", "older", "void", "never"]
    records = [Record(object_id, NOON, b"{}") for object_id in shown] + [Record("later", NOON + 2 * hour, b"{}")]
    again = replace(services, providers={"square": Replayed(services.providers["square"], {"orders": records})})

    lines = {
        line.stream: line
        for line in compare_objects(
            again, load_connection(database, bakery["connection"]), Window(NOON - 50 * hour, NOON + 50 * hour)
        )
    }

    assert (lines["orders"].objects, lines["orders"].missing) == (5, 3)
    assert lines["orders"].examples == ("never", "older", "void")
    assert lines["payments"].agrees
    assert "refunds" not in lines
