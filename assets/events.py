"""What other services are told: the outbox, sent once the marts show what it speaks of."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from assets.keys import EVENTS_KEY, OWNERS
from pos_pipeline.events.deliveries import deliver
from pos_pipeline.events.mapping_needed import tell_of_unmapped
from pos_pipeline.events.outbox import depth
from pos_pipeline.events.rabbitmq import EXCHANGE, publish_pending
from pos_pipeline.services import Services


def build_events(marts: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The publishing step, after the models whose figures the events point to."""

    @dg.asset(
        key=EVENTS_KEY,
        description=(
            "Events of the outbox, confirmed by RabbitMQ: `pos.sync_completed` once the marts hold the load, "
            "`pos.error` at once, `pos.mapping_needed` for new unmapped revenue. Then new and changed transactions for "
            "the sales service. Without RABBITMQ_URL events wait and nothing is lost."
        ),
        deps=marts,
        group_name="events",
        kinds={"rabbitmq", "postgres"},
        owners=OWNERS,
        metadata={"exchange": EXCHANGE, "dagster/table_name": "pos.outbox"},
        retry_policy=dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL),
    )
    def published_events(services: dg.ResourceParam[Services]) -> dg.MaterializeResult:
        result = publish_pending(services)
        # After the events, which need not wait until products are summed up and thousands of transactions compared.
        mapping_needed = tell_of_unmapped(services)
        delivered = deliver(services)
        if mapping_needed or delivered:
            result += publish_pending(services)
        waiting = depth(services.database)
        age = (datetime.now(UTC) - waiting.oldest_at).total_seconds() if waiting.oldest_at else 0.0
        return dg.MaterializeResult(
            metadata={
                "published": result.published,
                "mapping_needed": mapping_needed,
                "transactions_delivered": delivered,
                "held_for_marts": waiting.held,
                "ready": waiting.ready,
                "refused": result.failed,
                "oldest_waiting_seconds": round(age, 1),
                "broker": result.broker,
                "note": result.note,
            }
        )

    return published_events
