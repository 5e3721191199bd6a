{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'order_id']}],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, payment_id)
    tenant_id,
    payment_id,
    connection_id,
    coalesce(location_id, '') as location_id,
    order_id,
    is_voided,
    refund,
    void_info,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__payments') }}
{{ where_new_loads() }}
order by tenant_id, payment_id, {{ newest_first() }}
