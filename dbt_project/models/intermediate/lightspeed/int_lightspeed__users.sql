{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, user_id)
    tenant_id,
    user_id,
    cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__users') }}
{{ where_new_loads() }}
order by tenant_id, user_id, {{ newest_first(numbered=true) }}
