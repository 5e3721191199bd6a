{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, category_id)
    tenant_id,
    category_id,
    category,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__product_categories') }}
{{ where_new_loads() }}
order by tenant_id, category_id, {{ newest_first(numbered=true) }}
