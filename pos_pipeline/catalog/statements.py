"""The SQL of mapping. Every statement names its tenant, also where a row policy would see to it."""

LOCK = "select pg_advisory_xact_lock(hashtextextended('pos.product_mappings:' || %(tenant_id)s::text, 0))"

HAS_MARTS = """
select count(*)
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where n.nspname = 'marts' and c.relname = 'dim_products' and has_table_privilege(c.oid, 'select')
"""

OPEN_PRODUCTS = """
select a.tenant_id, a.id as pos_account_id, a.connection_id, a.pos_provider, k.pos_product_id
from pos.accounts as a
inner join pos.known_products as k on a.connection_id = k.connection_id
where
    a.tenant_id = %(tenant_id)s
    and (a.id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
    and not exists (
        select from pos.product_mappings as m
        where m.tenant_id = a.tenant_id and m.pos_account_id = a.id and m.pos_product_id = k.pos_product_id
    )
"""
COUNT_OPEN = f"select count(*) from ({OPEN_PRODUCTS}) as unmapped"

_POS_NAME = "concat_ws(' · ', p.product_name, nullif(p.variation_name, p.product_name))"
_NOT_REJECTED = """
not exists (
    select from pos.mapping_rejections as r
    where
        r.tenant_id = u.tenant_id and r.pos_account_id = u.pos_account_id
        and r.pos_product_id = u.pos_product_id and r.bakery_product_id = c.id
)
"""
_INTO = """
insert into pos.product_mappings (
    tenant_id, pos_account_id, pos_product_id, pos_product_name, pos_product_sku, pos_category, bakery_product_id,
    bakery_product_name, mapping_type, confidence_score, mapped_by, reasons
)
"""

# One grant, one POS catalog: what a product is in one shop, it is in the others. Shops that disagree say nothing.
MAP_BY_ID = f"""
with unmapped as materialized (
    {OPEN_PRODUCTS}
),

elsewhere as (
    select
        u.tenant_id,
        u.pos_account_id,
        u.pos_product_id,
        (array_agg(m.id order by m.created_at, m.id))[1] as mapping_id
    from unmapped as u
    inner join pos.accounts as a on u.connection_id = a.connection_id
    inner join pos.product_mappings as m
        on a.tenant_id = m.tenant_id and a.id = m.pos_account_id and u.pos_product_id = m.pos_product_id
    group by u.tenant_id, u.pos_account_id, u.pos_product_id
    having count(distinct m.bakery_product_id) = 1 and bool_or(m.mapping_type = 'manual')
),

mapped as (
    {_INTO}
    select
        u.tenant_id, u.pos_account_id, u.pos_product_id, m.pos_product_name, m.pos_product_sku, m.pos_category, c.id,
        c.name, 'id', 1, %(mapped_by)s, array['a person has linked the same product of another shop of this till']
    from elsewhere as u
    inner join pos.product_mappings as m on u.mapping_id = m.id
    inner join pos.catalog_products as c
        on u.tenant_id = c.tenant_id and m.bakery_product_id = c.id and c.is_active
    where {_NOT_REJECTED}
    on conflict (tenant_id, pos_account_id, pos_product_id) do nothing
    returning id
)

select count(*) from mapped
"""

# A SKU that two living products of one POS share says nothing about either; nor does one that is the SKU of one
# catalog product and the bar code of another.
MAP_BY_SKU = f"""
with unmapped as materialized (
    {OPEN_PRODUCTS}
),

listed as (
    select k.connection_id, p.*
    from pos.known_products as k
    inner join pos.connections as c on k.connection_id = c.id
    inner join marts.dim_products as p
        on
            c.tenant_id = p.tenant_id
            and c.pos_provider = p.pos_provider
            and k.pos_product_id = p.pos_product_id
    where c.tenant_id = %(tenant_id)s and p.product_sku <> '' and not p.is_deleted
),

meant as (
    select *, count(*) over (partition by connection_id, product_sku) as bearers from listed
),

codes as (
    select tenant_id, id, sku as code, 'same SKU ' || sku as reason
    from pos.catalog_products
    where tenant_id = %(tenant_id)s and is_active and sku <> ''
    union all
    select tenant_id, id, ltrim(gtin, '0') as code, 'same bar code ' || gtin as reason
    from pos.catalog_products
    where tenant_id = %(tenant_id)s and is_active and gtin is not null
),

found as (
    select
        u.tenant_id,
        u.pos_account_id,
        u.pos_product_id,
        (array_agg(codes.id))[1] as bakery_product_id,
        array_agg(distinct codes.reason) as reasons
    from unmapped as u
    inner join meant as m
        on u.connection_id = m.connection_id and u.pos_product_id = m.pos_product_id and m.bearers = 1
    inner join codes
        on codes.code = m.product_sku
            or (m.product_sku ~ '^[0-9]{{8,14}}$' and codes.code = ltrim(m.product_sku, '0'))
    group by u.tenant_id, u.pos_account_id, u.pos_product_id
    having count(distinct codes.id) = 1
),

mapped as (
    {_INTO}
    select
        u.tenant_id, u.pos_account_id, u.pos_product_id, {_POS_NAME}, p.product_sku, p.category, c.id, c.name, 'sku', 1,
        %(mapped_by)s, u.reasons
    from found as u
    inner join pos.accounts as a on u.pos_account_id = a.id
    inner join marts.dim_products as p
        on u.tenant_id = p.tenant_id and a.pos_provider = p.pos_provider and u.pos_product_id = p.pos_product_id
    inner join pos.catalog_products as c on u.tenant_id = c.tenant_id and u.bakery_product_id = c.id
    where {_NOT_REJECTED}
    on conflict (tenant_id, pos_account_id, pos_product_id) do nothing
    returning id
)

select count(*) from mapped
"""

OPEN_NAMES = f"""
select
    u.pos_account_id,
    u.pos_product_id,
    {_POS_NAME} as name,
    p.product_sku as sku,
    p.category
from ({OPEN_PRODUCTS}) as u
inner join marts.dim_products as p
    on u.tenant_id = p.tenant_id and u.pos_provider = p.pos_provider and u.pos_product_id = p.pos_product_id
where not p.is_deleted
order by u.pos_account_id, u.pos_product_id
"""
SELLABLE = "select id, name from pos.catalog_products where tenant_id = %(tenant_id)s and is_active order by name, id"
# A product that is gone from the POS gives its place to the one that has followed it.
TAKEN = """
select m.pos_account_id, m.bakery_product_id
from pos.product_mappings as m
inner join pos.accounts as a on m.pos_account_id = a.id
left join marts.dim_products as p
    on m.tenant_id = p.tenant_id and a.pos_provider = p.pos_provider and m.pos_product_id = p.pos_product_id
where m.tenant_id = %(tenant_id)s and not coalesce(p.is_deleted, false)
"""
REJECTED = """
select pos_account_id, pos_product_id, bakery_product_id
from pos.mapping_rejections
where tenant_id = %(tenant_id)s
"""
MAP_BY_NAME = f"""
{_INTO}
values (
    %(tenant_id)s, %(pos_account_id)s, %(pos_product_id)s, %(name)s, %(sku)s, %(category)s, %(bakery_product_id)s,
    %(bakery_product_name)s, 'auto', %(confidence)s, %(mapped_by)s, %(reasons)s
)
"""
FORGET_SUGGESTIONS = """
delete from pos.mapping_suggestions
where tenant_id = %(tenant_id)s and (pos_account_id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
"""
KEEP_SUGGESTION = """
insert into pos.mapping_suggestions (
    tenant_id, pos_account_id, pos_product_id, bakery_product_id, rank, probability, reasons
) values (
    %(tenant_id)s, %(pos_account_id)s, %(pos_product_id)s, %(bakery_product_id)s, %(rank)s, %(confidence)s, %(reasons)s
)
"""
KEEP_RUN = """
insert into pos.mapping_runs (tenant_id, batch_id, total_unmapped, mapped)
select %(tenant_id)s, coalesce(max(_batch_id), 0), %(total_unmapped)s, %(mapped)s
from marts.dim_products
where tenant_id = %(tenant_id)s
on conflict (tenant_id) do update
set batch_id = excluded.batch_id, total_unmapped = excluded.total_unmapped, mapped = excluded.mapped, ran_at = now()
"""
# Whoever has products newer than the last look at them, or a catalog that has changed since.
WAITING = """
select t.id
from pos.tenants as t
left join pos.mapping_runs as r on t.id = r.tenant_id
where
    exists (
        select from marts.dim_products as p
        where p.tenant_id = t.id and p._batch_id > coalesce(r.batch_id, -1)
    )
    or exists (
        select from pos.catalog_products as c where c.tenant_id = t.id and c.updated_at > r.ran_at
    )
order by t.id
"""
