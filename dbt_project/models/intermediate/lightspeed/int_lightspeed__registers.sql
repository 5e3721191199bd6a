{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, register_id)
    tenant_id,
    register_id,
    register_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__registers') }}
{{ where_new_loads() }}
order by tenant_id, register_id, {{ newest_first(numbered=true) }}
