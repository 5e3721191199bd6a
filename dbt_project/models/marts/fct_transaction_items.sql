{{ config(
    indexes=[
        {'columns': ['tenant_id', 'pos_provider', 'transaction_group']},
        {'columns': ['tenant_id', 'pos_product_id']},
        {'columns': ['_batch_id'], 'type': 'brin'},
    ],
    meta={'replaces': ['tenant_id', 'pos_provider', 'transaction_group'], 'touched': 'touched_groups'},
) }}

with touched as materialized (
    {{ touched_groups() }}
),

items as (
    {{ touched_rows('transaction_items') }}
)

select
    {{ stable_uuid(['t.id', 'items.line_number']) }} as id,
    t.tenant_id,
    t.id as transaction_id,
    t.pos_account_id,
    t.pos_provider,
    t.pos_transaction_id,
    t.transaction_group,
    t.location_id,
    items.line_number,
    items.pos_line_id,
    items.pos_product_id,
    items.product_name,
    items.variation_name,
    items.line_type,
    t.transaction_type,
    items.currency,
    items.quantity,
    items.unit_price,
    items.discount_amount,
    items.tax_amount,
    items.line_total,
    items.modifiers,
    t.transaction_at,
    t.business_date,
    t.created_at,
    {{ this_batch() }}::bigint as _batch_id
from items
inner join {{ ref('fct_transactions') }} as t
    on
        items.tenant_id = t.tenant_id
        and items.pos_provider = t.pos_provider
        -- The group follows from the transaction; with it Postgres is right whichever of two indexes it takes.
        and items.transaction_group = t.transaction_group
        and items.pos_transaction_id = t.pos_transaction_id
