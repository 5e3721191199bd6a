{{ config(materialized='view') }}

select distinct on (items.tenant_id, items.item_id)
    items.tenant_id,
    items.item_id as pos_product_id,
    items.multi_location_id as pos_item_group_id,
    items.item_name as product_name,
    null::text as variation_name,
    items.sku as product_sku,
    coalesce(items.sales_category_name, categories.sales_category_name, items.group_name) as category,
    restaurants.currency,
    items.price as unit_price,
    (items.version_at, items.version_no) < (menus.version_at, menus.version_no) as is_deleted,
    greatest(items._batch_id, menus._batch_id, categories._batch_id, restaurants._batch_id) as _batch_id
from {{ ref('int_toast__menu_items') }} as items
inner join {{ ref('int_toast__menus') }} as menus
    on items.tenant_id = menus.tenant_id and items.location_id = menus.location_id
left join {{ ref('int_toast__sales_categories') }} as categories
    on items.tenant_id = categories.tenant_id and items.sales_category_id = categories.sales_category_id
left join {{ ref('int_toast__restaurants') }} as restaurants
    on items.tenant_id = restaurants.tenant_id and items.location_id = restaurants.location_id
-- An item is one restaurant's own; should two ever share one, the one that still sells it describes it.
order by items.tenant_id, items.item_id, is_deleted, items.version_at desc, items.location_id
