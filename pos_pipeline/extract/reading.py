"""Carrying out a plan: pages in, records out, and what the commit has to know afterwards.

A failing stream is caught here: its watermark stays, the other streams and tenants go on.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.errors import MissingScope, PipelineError, Unauthorised, UnexpectedPayload
from pos_pipeline.extract.plan import DIGEST_BYTES, Plan, behind
from pos_pipeline.extract.raw import Batch
from pos_pipeline.extract.sanitise import sanitise
from pos_pipeline.provider import Api, Location, Page, Position, Provider, Reading, Record, Reject

Emit = Callable[[Batch], None]


class Stopped(Exception):  # noqa: N818 - not a failure: the load this reading feeds has ended
    """Nobody takes batches any more."""


@dataclass
class StreamReading:
    """What reading one plan has brought so far."""

    plan: Plan
    rows: int = 0
    rows_by_location: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    product_ids: set[str] = field(default_factory=set)
    locations: list[Location] | None = None
    position: Position | None = None
    error: PipelineError | None = None
    _met: dict[bytes, datetime | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A reader that yields no page at all leaves the position where it was."""
        self.position = self.plan.position

    @property
    def recent(self) -> bytes:
        """Digests worth remembering, packed: of everything the next sync will read again."""
        if self.plan.stream.reading is Reading.SNAPSHOT:
            return b"".join(sorted(self._met))
        if self.position is None:
            return b""
        edge = behind(self.position, self.plan.stream.overlap)
        kept = {digest for digest, version in self._met.items() if version >= edge}  # type: ignore[operator]
        if self.position == self.plan.position:
            # Nothing newer came, so the next sync overlaps with the same rows, whether they were read again or not.
            kept |= self.plan.stored
        return b"".join(sorted(kept))

    def take(self, page: Page) -> list[Record]:
        """The page's records that are not stored yet, fit for jsonb; remembers positions and rejects."""
        self.rejects.extend(page.rejects)
        self.product_ids.update(page.product_ids)
        fresh = []
        by_number = isinstance(self.plan.stream.overlap, int)
        reached: list[Position | None] = [self.position, page.position]
        for record in page.records:
            payload = sanitise(record.payload)
            if payload is not record.payload:
                record = Record(record.id, record.version_at, payload, record.location_id, record.version_no)  # noqa: PLW2901
            version: Position = record.version_no or 0 if by_number else record.version_at
            if page.position is None:
                reached[0] = version if reached[0] is None else max(reached[0], version)
            if self.plan.window is None:
                digest = blake2b(payload, digest_size=DIGEST_BYTES).digest()
                self._met[digest] = version
                if digest in self.plan.stored:
                    continue
            fresh.append(record)
        self.position = max((p for p in reached if p is not None), default=None)
        self.rows += len(fresh)
        self.rows_by_location.update(record.location_id for record in fresh)
        return fresh


@dataclass
class ConnectionReading:
    """All streams of one connection in one sync."""

    connection: Connection
    streams: list[StreamReading] = field(default_factory=list)
    requests_made: int = 0
    error: PipelineError | None = None
    """Why the connection could not be read at all."""

    @property
    def errors(self) -> list[PipelineError]:
        """Everything that went wrong, the connection's own error first."""
        return [e for e in (self.error, *(stream.error for stream in self.streams)) if e is not None]


def read_plan(api: Api, provider: Provider, plan: Plan, emit: Emit) -> StreamReading:
    """Read one plan to its end, handing records to `emit` as they come.

    Raises:
        Unauthorised: the whole connection is lost; other errors are kept on the reading.
        Stopped: the load has ended.
    """
    reading, connection = StreamReading(plan), plan.connection
    try:
        for page in provider.read(api, plan.source, plan.stream.name, plan.since, plan.window):
            if fresh := reading.take(page):
                emit(Batch(connection.tenant_id, connection.id, plan.stream.name, fresh))
        if plan.stream.describes_locations and reading.rows:
            reading.locations = list(provider.locations(api))
    except (Unauthorised, Stopped):
        raise
    except MissingScope:
        reading.error = MissingScope(
            f"{provider.name}: reading {plan.stream.name} needs the scope {plan.stream.scope},"
            f" which merchant {connection.merchant_id} has not granted. Link the till again and grant it.",
            plan.stream.scope,
        )
    except PipelineError as error:
        reading.error = error
    except Exception as error:  # noqa: BLE001 - a reader that stumbles must not take other tenants with it
        reading.error = UnexpectedPayload(
            f"{provider.name}: reading {plan.stream.name} failed on an unforeseen shape ({type(error).__name__})."
        )
    return reading
