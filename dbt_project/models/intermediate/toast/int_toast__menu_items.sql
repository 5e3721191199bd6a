{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

-- As the last menu that had it has it: an item that is taken off stays as it was.
select distinct on (tenant_id, location_id, item_id)
    tenant_id,
    location_id,
    item_id,
    multi_location_id,
    item_name,
    sku,
    sales_category_id,
    sales_category_name,
    group_name,
    price::numeric(19, 4) as price,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__menu_items') }}
{{ where_new_loads() }}
order by tenant_id, location_id, item_id, {{ newest_first() }}
