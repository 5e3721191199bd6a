"""What a list of reference data consists of."""

from typing import NamedTuple

from pos_pipeline.sandbox.lightspeed.wire import Json


class Entry(NamedTuple):
    """One object with what lists ask about it; `body` holds the version too."""

    version: int
    body: Json
    is_deleted: bool = False
