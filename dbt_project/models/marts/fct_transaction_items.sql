{{ config(
    indexes=[
        {'columns': ['tenant_id', 'pos_provider', 'transaction_group']},
        {'columns': ['tenant_id', 'pos_product_id']},
        {'columns': ['_batch_id'], 'type': 'brin'},
    ],
    meta={'replaces': ['tenant_id', 'pos_provider', 'transaction_group']},
) }}

with touched as (
    {{ touched_groups_of_all() }}
),

items as (
    {{ union_providers('transaction_items') }}
),

transactions as (
    select t.*
    from touched
    inner join {{ ref('fct_transactions') }} as t
        on
            touched.tenant_id = t.tenant_id
            and touched.pos_provider = t.pos_provider
            and touched.transaction_group = t.transaction_group
),

sold as (
    select
        t.tenant_id,
        t.pos_provider,
        t.transaction_group,
        t.id as transaction_id,
        t.pos_transaction_id,
        t.pos_account_id,
        t.location_id,
        t.transaction_type,
        t.transaction_at,
        t.business_date,
        t.created_at,
        items.line_number,
        items.pos_line_id,
        items.pos_product_id,
        items.product_name,
        items.variation_name,
        items.line_type,
        items.currency,
        items.quantity,
        items.unit_price,
        items.discount_amount,
        items.tax_amount,
        items.line_total,
        items.modifiers
    from transactions as t
    inner join items
        on
            t.tenant_id = items.tenant_id
            and t.pos_provider = items.pos_provider
            and t.transaction_group = items.transaction_group
            and t.pos_transaction_id = items.pos_transaction_id
)

select
    case
        when sold.line_number is not null
            then {{ stable_uuid(['sold.transaction_id', 'sold.line_number']) }}
    end as id,
    touched.tenant_id,
    sold.transaction_id,
    sold.pos_account_id,
    touched.pos_provider,
    sold.pos_transaction_id,
    touched.transaction_group,
    sold.location_id,
    sold.line_number,
    sold.pos_line_id,
    sold.pos_product_id,
    sold.product_name,
    sold.variation_name,
    sold.line_type,
    sold.transaction_type,
    sold.currency,
    sold.quantity,
    sold.unit_price,
    sold.discount_amount,
    sold.tax_amount,
    sold.line_total,
    sold.modifiers,
    sold.transaction_at,
    sold.business_date,
    sold.created_at,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join sold
    on
        touched.tenant_id = sold.tenant_id
        and touched.pos_provider = sold.pos_provider
        and touched.transaction_group = sold.transaction_group
