{{ config(
    indexes=[
        {'columns': ['_batch_id']},
        {'columns': ['tenant_id', 'customer_id']},
        {'columns': ['exponent']},
    ],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, order_id)
    tenant_id,
    order_id,
    connection_id,
    location_id,
    customer_id,
    state,
    currency,
    exponent,
    total_minor,
    tax_minor,
    discount_minor,
    tip_minor,
    service_minor,
    service_tax_minor,
    rounding_minor,
    due_minor,
    return_total_minor,
    return_tax_minor,
    return_discount_minor,
    return_tip_minor,
    return_service_minor,
    line_count,
    return_count,
    tender_count,
    line_items,
    returns,
    tenders,
    return_count > 0 and line_count = 0 as is_return_only,
    return_count > 0 and line_count > 0 and state = 'COMPLETED' as is_exchange,
    (line_count > 0 or (tender_count > 0 and return_count = 0))
    and (total_minor <> 0 or discount_minor <> 0 or return_total_minor <> 0) as is_usable,
    created_at,
    closed_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__orders') }}
{{ where_new_loads() }}
order by tenant_id, order_id, {{ newest_first() }}
