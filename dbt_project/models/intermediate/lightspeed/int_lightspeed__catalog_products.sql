{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

select distinct on (tenant_id, product_id)
    tenant_id,
    product_id,
    connection_id,
    parent_id,
    sku,
    category_id,
    category,
    price_with_tax,
    price_without_tax,
    is_deleted,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__products') }}
{{ where_new_loads() }}
order by tenant_id, product_id, {{ newest_first(numbered=true) }}
