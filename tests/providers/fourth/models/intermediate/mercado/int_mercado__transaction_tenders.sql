{{ config(materialized='view', contract={'enforced': false}) }}

select
    tenant_id,
    sale_id as transaction_group,
    sale_id as pos_transaction_id,
    sale_id as pos_tender_id,
    'cash' as payment_method,
    null::text as card_brand,
    null::text as card_last_four,
    currency,
    total as amount,
    0::numeric as tip_amount,
    sold_at as tendered_at,
    _batch_id
from {{ ref('stg_mercado__sales') }}
