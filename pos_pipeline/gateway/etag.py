"""Versions of a row as ETags, so that a change can be made to what was seen and to nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header

from pos_pipeline.gateway.problems import Refusal

IfMatch = Annotated[
    str | None,
    Header(max_length=1000, description="`ETag` of what you have seen; anything else there by now is a 412."),
]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def etag_of(row_id: UUID, updated_at: datetime) -> str:
    """The strong ETag of this version of a row."""
    return f'"{row_id.hex[:8]}-{(updated_at - EPOCH) // timedelta(microseconds=1):x}"'


def require_match(wanted: str | None, etag: str) -> None:
    """Go on if the caller has seen this version, or does not mind which it is.

    Raises:
        Refusal: 412, they have seen another one.
    """
    if wanted is None or wanted.strip() == "*":
        return
    if etag not in [candidate.strip() for candidate in wanted.split(",")]:
        raise Refusal(412, "changed_meanwhile", "It was changed since you read it; read it again.", {"ETag": etag})
