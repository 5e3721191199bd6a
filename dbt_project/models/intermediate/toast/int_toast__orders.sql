{{ config(
    indexes=[
        {'columns': ['_batch_id']},
        {'columns': ['tenant_id', 'location_id']},
        {'columns': ['is_unreadable']},
    ],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, order_id)
    tenant_id,
    order_id,
    connection_id,
    coalesce(location_id, '') as location_id,
    employee_id,
    receipt_number,
    is_deleted,
    is_voided,
    is_sale,
    is_unreadable,
    checks,
    business_date,
    void_business_date,
    created_at,
    paid_at,
    void_at,
    -- Once more as content, so that an order is made again whenever another may have to give way to it.
    version_at as modified_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__orders') }}
{{ where_new_loads() }}
order by tenant_id, order_id, {{ newest_first() }}
