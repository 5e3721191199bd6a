"""Prometheus metrics told from the tables, so that what short-lived runs did is counted too.

Every label value is a word of ours or an id; none comes from a request or a POS's answer. Nothing here reads
rows whose number grows with time: what is counted for ever is added up as it happens (`pos.sync_totals`).
"""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg.rows import TupleRow

from pos_pipeline.events.outbox import backlog
from pos_pipeline.warehouse.database import Connection, Database

BUCKETS = (5, 10, 30, 60, 120, 300)

ACCOUNTS = """
select tenant_id::text, pos_provider, status, count(*)
from pos.accounts
group by tenant_id, pos_provider, status
order by tenant_id, pos_provider, status
"""
SYNCS = """
select
    a.tenant_id::text,
    a.pos_provider,
    sum(t.transactions_processed),
    sum(t.sync_seconds),
    sum(t.within_5_seconds),
    sum(t.within_10_seconds),
    sum(t.within_30_seconds),
    sum(t.within_60_seconds),
    sum(t.within_120_seconds),
    sum(t.within_300_seconds),
    sum(t.timed_syncs)
from pos.sync_totals as t
inner join pos.accounts as a on t.pos_account_id = a.id
group by a.tenant_id, a.pos_provider
order by a.tenant_id, a.pos_provider
"""
ERRORS = """
select a.tenant_id::text, a.pos_provider, t.error_type, sum(t.errors)
from pos.sync_error_totals as t
inner join pos.accounts as a on t.pos_account_id = a.id
group by a.tenant_id, a.pos_provider, t.error_type
order by a.tenant_id, a.pos_provider, t.error_type
"""
UNMAPPED = """
select a.tenant_id::text, a.id::text, t.unmapped_products
from pos.sync_totals as t
inner join pos.accounts as a on t.pos_account_id = a.id
where t.unmapped_products is not null
order by a.tenant_id, a.id
"""
# By provider: how much it was asked and how often it refused, what waits, and how old tokens have become.
PROVIDERS = """
with providers as (
    select distinct pos_provider from pos.connections
),

requests as (
    select a.pos_provider, sum(t.requests_made) as made
    from pos.sync_totals as t
    inner join pos.accounts as a on t.pos_account_id = a.id
    group by a.pos_provider
),

refusals as (
    select split_part(key, ':', 1) as pos_provider, sum(refusals) as refused
    from pos.rate_budgets
    group by split_part(key, ':', 1)
),

deliveries as (
    select pos_provider, count(*) as pending, min(received_at) as oldest_at
    from pos.webhooks
    where processing_status = 'pending'
    group by pos_provider
),

renewed as (
    select pos_provider, coalesce(token_renewed_at, created_at) as renewed_at
    from pos.connections
    where status = 'active' and access_token is not null and refresh_token is not null
    union all
    select pos_provider, token_renewed_at from pos.shared_tokens where access_token is not null
),

tokens as (
    select pos_provider, min(renewed_at) as oldest_at from renewed group by pos_provider
)

select
    providers.pos_provider,
    coalesce(requests.made, 0),
    coalesce(refusals.refused, 0),
    coalesce(deliveries.pending, 0),
    greatest(0, coalesce(extract(epoch from now() - deliveries.oldest_at), 0)),
    case when tokens.oldest_at is not null then greatest(0, extract(epoch from now() - tokens.oldest_at)) end
from providers
left join requests on providers.pos_provider = requests.pos_provider
left join refusals on providers.pos_provider = refusals.pos_provider
left join deliveries on providers.pos_provider = deliveries.pos_provider
left join tokens on providers.pos_provider = tokens.pos_provider
order by providers.pos_provider
"""


def exposition(database: Database) -> bytes:
    """All metrics in Prometheus' text format.

    Raises:
        WarehouseUnavailable: the tables cannot be read.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Tables(database))
    return generate_latest(registry)


class Tables(Collector):
    """What the tables say at the moment somebody asks. All figures of one answer are of one moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Every metric family.

        Raises:
            WarehouseUnavailable: the tables cannot be read.
        """
        with self._database.transaction() as transaction:
            transaction.execute("set transaction isolation level repeatable read, read only")
            yield _accounts(transaction)
            yield from _syncs(transaction)
            yield _errors(transaction)
            yield _unmapped(transaction)
            yield from _providers(transaction)
            yield from _outbox(transaction)


def _rows(transaction: Connection, query: str) -> list[TupleRow]:
    return transaction.execute(query.encode()).fetchall()


def _accounts(transaction: Connection) -> Metric:
    family = GaugeMetricFamily("pos_accounts_total", "Linked shops.", labels=["tenant_id", "pos_provider", "status"])
    for *labels, count in _rows(transaction, ACCOUNTS):
        family.add_metric(labels, count)
    return family


def _syncs(transaction: Connection) -> Iterator[Metric]:
    labels = ["tenant_id", "pos_provider"]
    synced = CounterMetricFamily("pos_transactions_synced", "Records of sales that syncs have loaded.", labels=labels)
    lasted = HistogramMetricFamily("pos_sync_duration_seconds", "How long syncs of single shops took.", labels=labels)
    for tenant_id, provider, processed, seconds, *counts in _rows(transaction, SYNCS):
        synced.add_metric([tenant_id, provider], float(processed))
        bounds = [*(f"{bound}.0" for bound in BUCKETS), "+Inf"]
        buckets = [(bound, float(count)) for bound, count in zip(bounds, counts, strict=True)]
        lasted.add_metric([tenant_id, provider], buckets=buckets, sum_value=float(seconds))
    yield synced
    yield lasted


def _errors(transaction: Connection) -> Metric:
    family = CounterMetricFamily(
        "pos_sync_errors", "Syncs that met an error.", labels=["tenant_id", "pos_provider", "error_type"]
    )
    for *labels, count in _rows(transaction, ERRORS):
        family.add_metric(labels, float(count))
    return family


def _unmapped(transaction: Connection) -> Metric:
    family = GaugeMetricFamily(
        "pos_unmapped_products_total",
        "Products of a shop's POS without a mapping, as of the shop's last sync.",
        labels=["tenant_id", "pos_account_id"],
    )
    for *labels, count in _rows(transaction, UNMAPPED):
        family.add_metric(labels, count)
    return family


def _providers(transaction: Connection) -> Iterator[Metric]:
    labels = ["pos_provider"]
    requests = CounterMetricFamily("pos_requests", "Requests that syncs sent to a POS.", labels=labels)
    limited = CounterMetricFamily("pos_rate_limited", "Requests that a POS answered 429.", labels=labels)
    pending = GaugeMetricFamily("pos_webhooks_pending", "Deliveries whose sync has not succeeded yet.", labels=labels)
    lag = GaugeMetricFamily("pos_webhook_lag_seconds", "Age of the oldest of these; 0 without any.", labels=labels)
    age = GaugeMetricFamily(
        "pos_token_age_seconds", "Since the longest unrenewed of the tokens that are renewed by us.", labels=labels
    )
    for provider, made, refused, waiting, waiting_seconds, token_seconds in _rows(transaction, PROVIDERS):
        requests.add_metric([provider], float(made))
        limited.add_metric([provider], float(refused))
        pending.add_metric([provider], waiting)
        lag.add_metric([provider], float(waiting_seconds))
        if token_seconds is not None:
            age.add_metric([provider], float(token_seconds))
    yield from (requests, limited, pending, lag, age)


def _outbox(transaction: Connection) -> Iterator[Metric]:
    waiting, oldest_at = backlog(transaction)
    yield GaugeMetricFamily("pos_outbox_depth", "Events that no broker has yet.", value=waiting)
    seconds = _age_seconds(transaction, oldest_at) if oldest_at else 0.0
    yield GaugeMetricFamily("pos_outbox_oldest_seconds", "Age of the oldest of these; 0 without any.", value=seconds)


def _age_seconds(transaction: Connection, moment: datetime) -> float:
    [(seconds,)] = transaction.execute("select greatest(0, extract(epoch from now() - %s))", (moment,)).fetchall()
    return float(seconds)
