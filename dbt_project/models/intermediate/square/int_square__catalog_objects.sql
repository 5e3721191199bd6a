{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'item_id']}, {'columns': ['tenant_id', 'category_id']}],
    meta={'newest_by': version_columns()},
) }}

-- The last living version and the deletion are kept side by side: Square sends deleted objects without their data,
-- and past sales still need the name.
select distinct on (tenant_id, object_id, is_deleted)
    tenant_id,
    object_id,
    is_deleted,
    object_type,
    object_name,
    item_id,
    sku,
    category_id,
    variation_ids,
    location_overrides,
    currency,
    exponent,
    price_minor,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__catalog_objects') }}
{{ where_new_loads() }}
order by tenant_id, object_id, is_deleted, {{ newest_first() }}
