{{ config(materialized='view') }}

select
    lines.tenant_id,
    lines.transaction_group,
    lines.pos_transaction_id,
    lines.line_number,
    lines.pos_line_id,
    lines.pos_product_id,
    coalesce(
        names.product_name,
        lines.line_name,
        case when lines.pos_product_id is null then 'Custom amount' else 'Unknown product' end
    ) as product_name,
    names.variation_name,
    lines.line_type,
    lines.currency,
    lines.quantity,
    lines.unit_price,
    lines.discount_amount,
    lines.tax_amount,
    lines.line_total,
    '[]'::jsonb as modifiers,
    lines._batch_id
from {{ ref('int_lightspeed__sale_lines') }} as lines
left join {{ ref('int_lightspeed__product_names') }} as names
    on lines.tenant_id = names.tenant_id and lines.pos_product_id = names.product_id
