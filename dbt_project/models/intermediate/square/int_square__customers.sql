{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, customer_id)
    tenant_id,
    customer_id,
    customer_name,
    customer_email,
    customer_phone,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__customers') }}
{{ where_new_loads() }}
order by tenant_id, customer_id, {{ newest_first() }}
