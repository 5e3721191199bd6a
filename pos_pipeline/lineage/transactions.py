"""A transaction, by our id or by any id the POS has for it or for a part of it."""

from dataclasses import dataclass, field
from uuid import UUID

from psycopg import sql

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.lineage.origins import arrivals_of, loads_of, objects_of, versions_of
from pos_pipeline.lineage.reading import Row, Snapshot, model, relation, snapshot
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import raw_schema

_TENANTS = "pos.tenants as n where n.id = %(tenant_id)s or %(tenant_id)s::uuid is null"
_IN_MARTS = f"""
with tenants as (select n.id, n.slug from {_TENANTS})
select n.slug, t.tenant_id, t.pos_provider, t.transaction_group
from tenants as n
inner join marts.fct_transactions as t on n.id = t.tenant_id
where t.id = %(uuid)s
union
select n.slug, t.tenant_id, t.pos_provider, t.transaction_group
from tenants as n
cross join unnest(%(providers)s::text[]) as p (name)
inner join marts.fct_transactions as t
    on n.id = t.tenant_id and p.name = t.pos_provider and t.pos_transaction_id = %(id)s
union
select n.slug, t.tenant_id, t.pos_provider, t.transaction_group
from tenants as n
cross join unnest(%(providers)s::text[]) as p (name)
inner join marts.fct_transactions as t
    on n.id = t.tenant_id and p.name = t.pos_provider and t.transaction_group = %(id)s
"""
_AS_OBJECT = f"""
select distinct n.slug, o.tenant_id, %(provider)s as pos_provider, o.transaction_group
from (select n.id, n.slug from {_TENANTS}) as n
inner join {{model}} as o on n.id = o.tenant_id and o.object_id = %(id)s
"""
_AS_RAW = f"""
select distinct n.slug, r.tenant_id, %(provider)s as pos_provider, r.id as transaction_group, %(stream)s as stream
from (select n.id, n.slug from {_TENANTS}) as n
inner join {{table}} as r on n.id = r.tenant_id and r.id = %(id)s
"""
_TRANSACTIONS = """
select
    id, pos_transaction_id, transaction_type, location_id, location_name, pos_account_id, currency, subtotal,
    discount_amount, tax_amount, service_charge_amount, tip_amount, total_amount, voided_amount, tendered_amount,
    payment_method, receipt_number, transaction_at, business_date, original_id, _batch_id as batch_id
from marts.fct_transactions
where tenant_id = %(tenant_id)s and pos_provider = %(provider)s and transaction_group = %(group)s
order by transaction_at, pos_transaction_id
"""
_ITEMS = """
select
    i.transaction_id, i.line_number, i.line_type, i.product_name, i.variation_name, i.pos_product_id, i.quantity,
    i.line_total, m.bakery_product_id, m.bakery_product_name, m.mapping_type, m.confidence_score, m.mapped_by,
    m.reasons as mapping_reasons, m.updated_at as mapped_at
from marts.fct_transaction_items as i
left join pos.product_mappings as m
    on
        i.tenant_id = m.tenant_id and i.pos_account_id = m.pos_account_id
        and i.pos_product_id = m.pos_product_id
where i.tenant_id = %(tenant_id)s and i.pos_provider = %(provider)s and i.transaction_group = %(group)s
order by i.transaction_id, i.line_number
"""
_EXCLUDED = """
select object_type, object_id, currency
from {model}
where tenant_id = %(tenant_id)s and object_id = any(%(ids)s)
order by object_type, object_id
"""
_QUARANTINED = """
select q.id, q.stream, q.object_id, q.reason, q.quarantined_at, q.released_at, n.slug
from pos.quarantine as q
inner join pos.tenants as n on q.tenant_id = n.id
where q.object_id = any(%(ids)s) and (q.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
order by q.id
"""


@dataclass(frozen=True)
class TransactionLineage:
    """One group at the till, from its facts back to what the POS sent. Rows are dictionaries by column."""

    tenant: str
    pos_provider: str
    transaction_group: str
    verdict: str
    """What became of it, in a sentence."""
    transactions: list[Row]
    """Facts; empty when the marts have none of it."""
    items: list[Row]
    """Lines with the mapping that holds now."""
    versions: list[Row]
    """Raw rows, oldest first."""
    loads: list[Row]
    syncs: list[Row]
    webhooks: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)


def explain_transaction(
    database: Database, wanted: str, *, tenant_id: UUID | None = None, payload: bool = False
) -> TransactionLineage:
    """Where the transaction `wanted` comes from: our id, or an id of the POS for it or for an object it is made of.

    Args:
        database: The warehouse.
        wanted: The id, exactly as written.
        tenant_id: Look at this tenant only.
        payload: Also what the POS sent, without people.

    Raises:
        NotFound: nothing has this id, or there are no marts yet.
        InvalidRequest: more than one group has it.
        WarehouseUnavailable: Postgres does not answer.
    """
    with snapshot(database) as view:
        found = _find(view, wanted, tenant_id)
        provider, owner, group = found["pos_provider"], found["tenant_id"], found["transaction_group"]
        key = {"tenant_id": owner, "provider": provider, "group": group}
        transactions = view.rows(_TRANSACTIONS, **key)
        objects = {found["stream"]: [group]} if "stream" in found else objects_of(view, provider, owner, [group])
        versions = versions_of(view, provider, owner, objects, payload=payload)
        loads = loads_of(view, provider, versions)
        ids = sorted({row["object_id"] for row in versions})
        return TransactionLineage(
            tenant=found["slug"],
            pos_provider=provider,
            transaction_group=group,
            verdict=_verdict(transactions, loads, _excluded(view, provider, owner, ids)),
            transactions=transactions,
            items=view.rows(_ITEMS, **key),
            versions=versions,
            loads=loads,
            quarantined=view.rows(_QUARANTINED, ids=ids, tenant_id=owner),
            **arrivals_of(view, owner, versions, loads, {row["location_id"] for row in transactions}),
        )


def _find(view: Snapshot, wanted: str, tenant_id: UUID | None) -> Row:
    """Tenant, POS and group of an id; `stream` too when no model knows it."""
    providers = view.providers()
    names = {"id": wanted, "uuid": _uuid(wanted), "tenant_id": tenant_id}
    found = view.rows(_IN_MARTS, **names, providers=providers)
    for provider in providers if not found else []:
        if view.has(name := model(provider, "transaction_objects")):
            found += view.rows(sql.SQL(_AS_OBJECT).format(model=relation(name)), **names, provider=provider)
    for provider in providers if not found else []:
        for stream in view.streams(provider):
            table = sql.Identifier(raw_schema(provider), stream)
            found += view.rows(sql.SQL(_AS_RAW).format(table=table), **names, provider=provider, stream=stream)
    if not found:
        raise _missing(view, wanted, tenant_id)
    if len(found) > 1:
        places = ", ".join(sorted(f"{row['slug']} ({row['pos_provider']})" for row in found))
        raise InvalidRequest(f"explain: {wanted!r} is known more than once: {places}; name the tenant with --tenant.")
    return found[0]


def _missing(view: Snapshot, wanted: str, tenant_id: UUID | None) -> NotFound:
    kept = view.rows(_QUARANTINED, ids=[wanted], tenant_id=tenant_id)
    if kept:
        error = NotFound(f"explain: {wanted!r} could not be loaded and is in quarantine: {kept[-1]['reason']}")
        error.action_required = f"See it: pos-pipeline quarantine show {kept[-1]['id']}"
        return error
    error = NotFound(f"explain: no transaction, and nothing read from a POS, has the id {wanted!r}.")
    error.action_required = (
        "Check the id, capitals matter; `pos-pipeline reconcile` tells whether something is missing."
    )
    return error


def _excluded(view: Snapshot, provider: str, tenant_id: UUID, ids: list[str]) -> list[Row]:
    if not view.has(name := model(provider, "excluded_objects")):
        return []
    return view.rows(sql.SQL(_EXCLUDED).format(model=relation(name)), tenant_id=tenant_id, ids=ids)


def _verdict(transactions: list[Row], loads: list[Row], excluded: list[Row]) -> str:
    waiting = [load for load in loads if load["is_in_ledger"] and load["batch_status"] != "done"]
    if transactions:
        words = f"In the marts, as batch {max(row['batch_id'] for row in transactions)} made it."
        return f"{words} A later version waits to be modelled." if waiting else words
    if not any(load["is_in_ledger"] for load in loads):
        return "Not in the marts: its load was given up before it counted. The next sync reads it again."
    if waiting:
        return "Not in the marts yet: its load waits to be modelled. `pos-pipeline transform` does it now."
    if excluded:
        code = excluded[0]["currency"]
        reason = f"its currency {code} is unknown" if code else "it is incomplete, or its currency unknown"
        return f"Not in the marts: {reason}. A later version, or the seed currencies.csv, brings it in."
    return "Not in the marts: what the POS sent is no transaction (yet), such as an open or a cancelled order."


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
