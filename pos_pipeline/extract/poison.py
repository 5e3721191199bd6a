"""Finding the records Postgres cannot store, when a whole load failed because of one.

Used only after a failure: every payload is offered to `jsonb` on the server, halving where a group is
refused, so that the good records go in and the bad ones are named.
"""

from collections.abc import Iterable, Iterator

import psycopg

from pos_pipeline.extract.raw import Batch
from pos_pipeline.provider import Record, Reject
from pos_pipeline.warehouse.database import Connection

_OFFER = "select count(convert_from(payload, 'UTF8')::jsonb) from unnest(%s::bytea[]) as payload"


def without_poison(
    session: Connection, batches: Iterable[Batch], rejected: dict[tuple[object, str], list[Reject]]
) -> Iterator[Batch]:
    """`batches` without what Postgres refuses; the refused go to `rejected` by (connection, stream).

    Args:
        session: In autocommit, so that one refusal does not spoil the next question.
        batches: As read.
        rejected: Filled while the result is consumed.
    """
    for batch in batches:
        good: list[Record] = []
        _divide(session, batch.records, good, rejected.setdefault((batch.connection_id, batch.stream), []))
        if good:
            yield Batch(batch.tenant_id, batch.connection_id, batch.stream, good)


def _divide(session: Connection, records: list[Record], good: list[Record], bad: list[Reject]) -> None:
    try:
        session.execute(_OFFER, ([record.payload for record in records],))
    except psycopg.DataError as error:
        if len(records) == 1:
            reason = f"Postgres cannot store it: {error.diag.message_primary or type(error).__name__}"
            bad.append(Reject(reason, records[0].payload, records[0].id))
            return
        middle = len(records) // 2
        _divide(session, records[:middle], good, bad)
        _divide(session, records[middle:], good, bad)
    else:
        good.extend(records)
