{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'connection_id']}],
    meta={'newest_by': version_columns(numbered=true)},
    post_hook='{{ index_members("named_ids") }}',
) }}

-- Versions of a parked sale with other lines, other payments or none are gone with the next one.
select distinct on (tenant_id, sale_id)
    tenant_id,
    sale_id,
    connection_id,
    location_id,
    original_sale_id,
    register_id,
    user_id,
    customer_id,
    receipt_number,
    outcome,
    is_on_account,
    total_amount,
    tax_amount,
    tip_amount,
    service_amount,
    discount_amount,
    charge_tax_amount,
    line_count,
    line_items,
    payments,
    named_ids,
    sold_at,
    created_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__sales') }}
{{ where_new_loads() }}
order by tenant_id, sale_id, {{ newest_first(numbered=true) }}
