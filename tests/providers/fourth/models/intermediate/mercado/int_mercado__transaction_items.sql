{{ config(materialized='view', contract={'enforced': false}) }}

select
    tenant_id,
    sale_id as transaction_group,
    sale_id as pos_transaction_id,
    1 as line_number,
    null::text as pos_line_id,
    null::text as pos_product_id,
    product_name,
    null::text as variation_name,
    'product' as line_type,
    currency,
    1::numeric as quantity,
    total as unit_price,
    0::numeric as discount_amount,
    0::numeric as tax_amount,
    total as line_total,
    '[]'::jsonb as modifiers,
    _batch_id
from {{ ref('stg_mercado__sales') }}
