"""What is watched besides the numbers: that every account is read, and that nothing piles up.

An asset's freshness says when *some* tenant was read; one lively tenant would hide a dead one. So
these checks look at every account and report the failing ones as rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

import dagster as dg
from psycopg.types.json import Jsonb

from assets.keys import EVENTS_KEY, stream_key
from pos_pipeline.provider import Provider
from pos_pipeline.services import Services

MISSED_SYNCS = 3
"""An account is stale when it has missed so many of its own syncs."""

OUTBOX_LIMIT_SECONDS = 300
OLDEST_TOKEN = timedelta(days=8)
"""They are renewed weekly; a day later the sweep has failed for a whole day."""
ROWS_SHOWN = 50

STALE_ACCOUNTS = """
select
    t.slug,
    a.location_name,
    a.status,
    to_char(a.last_successful_sync_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
    a.error_count,
    a.error_message
from pos.accounts as a
inner join pos.tenants as t on a.tenant_id = t.id
where
    a.pos_provider = %(provider)s and a.sync_enabled and a.status <> 'disconnected'
    and (
        a.status = 'error'
        or coalesce(a.last_successful_sync_at, a.created_at)
        < now() - %(missed)s * greatest(interval '1 minute' * a.sync_frequency_minutes, interval '5 minutes')
    )
order by t.slug, a.location_name
"""
SILENT_STREAMS = """
select t.slug, c.merchant_id, w.stream, to_char(w.read_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
from etl.watermarks as w
inner join pos.connections as c on w.connection_id = c.id
inner join pos.tenants as t on c.tenant_id = t.id
where
    c.pos_provider = %(provider)s and c.status = 'active'
    and exists (select from pos.accounts as a where a.connection_id = c.id and a.sync_enabled)
    and w.read_at < (
        select max(other.read_at) from etl.watermarks as other where other.connection_id = w.connection_id
    ) - interval '1 day' - (%(patience)s::jsonb ->> w.stream)::interval
order by t.slug, w.stream
"""
SET_ASIDE = """
select t.slug, q.stream, q.reason, count(*), to_char(max(q.quarantined_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
from pos.quarantine as q
inner join pos.tenants as t on q.tenant_id = t.id
where q.pos_provider = %(provider)s and q.released_at is null
group by t.slug, q.stream, q.reason
order by t.slug, q.stream, q.reason
"""
UNRENEWED_TOKENS = """
select
    t.slug,
    c.merchant_id,
    to_char(coalesce(c.token_renewed_at, c.created_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
from pos.connections as c
inner join pos.tenants as t on c.tenant_id = t.id
where
    c.pos_provider = %(provider)s and c.status = 'active'
    and c.access_token is not null and c.refresh_token is not null
    and coalesce(c.token_renewed_at, c.created_at) < now() - %(oldest)s
order by t.slug, c.merchant_id
"""
OVERDUE_EVENTS = """
select o.routing_key, t.slug, o.attempts, o.last_error, to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
from pos.outbox as o
inner join pos.tenants as t on o.tenant_id = t.id
where o.published_at is null and o.created_at < now() - make_interval(secs => %(limit)s)
order by o.sequence
"""


def build_checks(provider: Provider) -> dg.AssetChecksDefinition:
    """Four questions about one provider's accounts, asked in one step."""
    sales = next(s for s in provider.streams if s.counts_as_transactions)
    asset = stream_key(provider.name, sales.name)
    specs = [
        dg.AssetCheckSpec(
            "every_account_is_fresh",
            asset=asset,
            description=f"No enabled account is in error or has missed {MISSED_SYNCS} of its own syncs.",
        ),
        dg.AssetCheckSpec(
            "every_stream_is_read",
            asset=asset,
            description="No stream of an active connection stands still while its other streams are read.",
        ),
        dg.AssetCheckSpec(
            "tokens_are_renewed",
            asset=asset,
            description=f"No token that is renewed by us is older than {OLDEST_TOKEN.days} days.",
        ),
        dg.AssetCheckSpec(
            "nothing_set_aside", asset=asset, description="No record waits in quarantine for somebody to look at it."
        ),
    ]

    @dg.multi_asset_check(name=f"{provider.name}_accounts", specs=specs)
    def accounts(services: dg.ResourceParam[Services]) -> Iterator[dg.AssetCheckResult]:
        patience = {stream.name: f"{3 * stream.refresh_after.total_seconds()} seconds" for stream in provider.streams}
        parameters = {"provider": provider.name, "missed": MISSED_SYNCS, "patience": Jsonb(patience)}
        fetch = services.database.fetch
        yield _result(
            "every_account_is_fresh",
            asset,
            ("tenant", "account", "status", "last_success_utc", "failures", "message"),
            fetch(STALE_ACCOUNTS, parameters),
        )
        yield _result(
            "every_stream_is_read",
            asset,
            ("tenant", "merchant", "stream", "last_read_utc"),
            fetch(SILENT_STREAMS, parameters),
        )
        yield _result(
            "tokens_are_renewed",
            asset,
            ("tenant", "merchant", "renewed_utc"),
            fetch(UNRENEWED_TOKENS, {"provider": provider.name, "oldest": OLDEST_TOKEN}),
        )
        yield _result(
            "nothing_set_aside",
            asset,
            ("tenant", "stream", "reason", "records", "last_utc"),
            fetch(SET_ASIDE, parameters),
            dg.AssetCheckSeverity.WARN,
        )

    return accounts


@dg.asset_check(
    asset=EVENTS_KEY,
    name="outbox_is_drained",
    description="No event has waited longer than five minutes; without RABBITMQ_URL they wait by design.",
)
def outbox_is_drained(services: dg.ResourceParam[Services]) -> dg.AssetCheckResult:
    """Overdue events as rows; a warning when no broker is configured."""
    has_broker = services.settings.rabbitmq_url is not None
    return _result(
        "outbox_is_drained",
        EVENTS_KEY,
        ("event", "tenant", "attempts", "last_error", "created_utc"),
        services.database.fetch(OVERDUE_EVENTS, {"limit": OUTBOX_LIMIT_SECONDS}),
        dg.AssetCheckSeverity.ERROR if has_broker else dg.AssetCheckSeverity.WARN,
    )


def _result(
    name: str,
    asset: dg.AssetKey,
    columns: Sequence[str],
    rows: Sequence[Iterable[object]],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """Passed when there are no rows; else the first of them as a table."""
    records = [
        dg.TableRecord({c: v if isinstance(v, int) else str(v or "") for c, v in zip(columns, row, strict=True)})
        for row in rows[:ROWS_SHOWN]
    ]
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=asset,
        passed=not rows,
        severity=severity,
        metadata={"count": len(rows), **({"rows": dg.MetadataValue.table(records)} if records else {})},
    )
