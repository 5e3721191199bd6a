{{ config(
    indexes=[
        {'columns': ['_batch_id']},
        {'columns': ['tenant_id', 'transaction_group']},
        {'columns': ['tenant_id', 'customer_id']},
        {'columns': ['tenant_id', 'team_member_id']},
        {'columns': ['exponent']},
    ],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, payment_id)
    tenant_id,
    payment_id,
    connection_id,
    location_id,
    order_id,
    transaction_group,
    customer_id,
    team_member_id,
    status,
    payment_method,
    card_brand,
    card_last_four,
    device_name,
    receipt_number,
    buyer_email,
    currency,
    exponent,
    total_minor,
    tip_minor,
    created_at,
    offline_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__payments') }}
{{ where_new_loads() }}
order by tenant_id, payment_id, {{ newest_first() }}
