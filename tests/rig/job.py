"""What a test asks of a worker, and what it hears back."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to do."""

    kind: Literal["window", "live", "transform", "publish"]
    connection_ids: list[UUID] = []
    start: datetime | None = None
    end: datetime | None = None
    streams: list[str] | None = None
    """Of a live sync; all when not given."""
    now: datetime | None = None
    """The present of a live sync."""
    exchange: str = ""

    @property
    def phase(self) -> str:
        """Where its first places count; a sync goes on to `load` by itself."""
        return "extract" if self.kind in {"window", "live"} else self.kind


class Place(msgspec.Struct, frozen=True):
    """Where a worker ends or stands still: place `count` of a phase, of those called `name` if given."""

    phase: str
    count: int = 1
    name: str = ""


class Job(msgspec.Struct, frozen=True):
    """Steps in order, with a signal to itself at one place on the way."""

    settings: dict[str, str]
    environment: dict[str, str]
    steps: list[Step]
    place: Place = Place("")
    signal: int = 0


class Report(msgspec.Struct):
    """How a child ended, or that it stands still."""

    statuses: list[str] = []
    """Of the syncs, in order."""
    errors: list[str] = []
    """What the syncs and the transform said went wrong."""
    passed: dict[str, list[str]] = {}
    """Names of all places passed, by phase."""
    signal: int = 0
    """What killed it."""
    stopped: bool = False
    """It waits to be told to go on."""
    error: str = ""
