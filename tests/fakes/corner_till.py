"""A made-up POS, the corner till, whose answers a test decides."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import PipelineError, ProviderUnavailable
from pos_pipeline.provider import Budget, ConsentsByRedirect, Location, Page, Reading, Record, Stream

BUDGET = Budget(1000, 1000)
START = datetime(2026, 9, 1, tzinfo=UTC)


class CornerSettings(BaseSettings):
    """Nothing to set."""


def sale(number: int, *, minute: int, note: str = "", merchant: str = "m1") -> Record:
    """Version of sale `number` changed at `minute` after START."""
    at = START + timedelta(minutes=minute)
    payload = msgspec.json.encode({"id": f"s{number}", "note": note, "minute": minute})
    return Record(f"s{number}", at, payload, f"{merchant}-shop")


@dataclass
class CornerTill(ConsentsByRedirect):
    """Answers with whatever `sales`, `staff` and `items` hold; `fault` may raise for (merchant, stream)."""

    name: str = "corner"
    title: str = "Corner Till"
    streams: tuple[Stream, ...] = (
        Stream("sales", "Sales.", Reading.WINDOWED, "SALES", timedelta(minutes=10), counts_as_transactions=True),
        Stream("items", "Items.", Reading.FEED, "ITEMS", timedelta(0)),
        Stream("staff", "Staff.", Reading.SNAPSHOT, "STAFF", describes_locations=True),
    )
    scopes: tuple[str, ...] = ("SALES", "ITEMS", "STAFF")
    max_window: timedelta = timedelta(days=7)
    settings_type: type[BaseSettings] = CornerSettings
    sales: dict[str, list[Record]] = field(default_factory=dict)
    items: list[Page] = field(default_factory=list)
    staff: list[Record] = field(default_factory=list)
    shops: list[Location] = field(default_factory=list)
    asked: list[tuple[str, object, object]] = field(default_factory=list)
    presents: list[datetime] = field(default_factory=list)
    fault: Callable[[str, str], None] = lambda _merchant, _stream: None

    def base_url(self, *_: object) -> str:
        """Nobody answers there; the till answers itself."""
        return "http://127.0.0.1:9"

    def budgets(self, _attributes: object) -> Sequence[Budget]:
        """More than any test needs."""
        return (BUDGET,)

    def headers(self, *_: object) -> dict[str, str]:
        """No headers."""
        return {}

    def explain(self, status: int, _body: bytes) -> PipelineError:
        """Never asked."""
        return ProviderUnavailable(f"corner: answered {status}")

    def locations(self, _api: object) -> Sequence[Location]:
        """The shops as they are now."""
        return self.shops

    def read(
        self, _api: object, source: object, stream: str, since: object = None, window: object = None
    ) -> Iterator[Page]:
        """Pages of two records."""
        merchant = source.merchant_id
        self.asked.append((stream, since, window))
        self.presents.append(source.now)
        if stream == "sales":
            found = sorted(self.sales.get(merchant, []), key=lambda record: record.version_at)
            if since is not None:
                found = [record for record in found if record.version_at >= since]
            if window is not None:
                found = [record for record in found if window.start <= record.version_at < window.end]
            for first in range(0, len(found), 2):
                yield Page(found[first : first + 2])
            self.fault(merchant, stream)
        elif stream == "items":
            self.fault(merchant, stream)
            yield from self.items
        else:
            self.fault(merchant, stream)
            yield Page(self.staff)
