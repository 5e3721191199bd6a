{{ config(
    indexes=[
        {'columns': ['_batch_id']},
        {'columns': ['tenant_id', 'transaction_group']},
        {'columns': ['tenant_id', 'payment_id']},
        {'columns': ['tenant_id', 'team_member_id']},
        {'columns': ['exponent']},
    ],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, refund_id)
    tenant_id,
    refund_id,
    connection_id,
    location_id,
    order_id,
    transaction_group,
    payment_id,
    team_member_id,
    status,
    payment_method,
    card_brand,
    card_last_four,
    currency,
    exponent,
    amount_minor,
    created_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__refunds') }}
{{ where_new_loads() }}
order by tenant_id, refund_id, {{ newest_first() }}
