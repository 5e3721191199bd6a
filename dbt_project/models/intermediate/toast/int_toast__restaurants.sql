{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, location_id)
    tenant_id,
    location_id,
    location_name,
    timezone,
    currency,
    is_active,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__restaurants') }}
{{ where_new_loads() }}
order by tenant_id, location_id, {{ newest_first() }}
