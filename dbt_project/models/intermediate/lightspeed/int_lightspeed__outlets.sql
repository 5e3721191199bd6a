{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, outlet_id)
    tenant_id,
    outlet_id,
    outlet_name,
    timezone,
    currency,
    is_deleted,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__outlets') }}
{{ where_new_loads() }}
order by tenant_id, outlet_id, {{ newest_first(numbered=true) }}
