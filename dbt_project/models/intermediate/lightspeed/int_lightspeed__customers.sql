{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, customer_id)
    tenant_id,
    customer_id,
    customer_name,
    customer_email,
    customer_phone,
    is_walk_in,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__customers') }}
{{ where_new_loads() }}
order by tenant_id, customer_id, {{ newest_first(numbered=true) }}
