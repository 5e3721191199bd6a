{{ config(materialized='view') }}

with variations as (
    select * from {{ ref('int_square__catalog_objects') }} where object_type = 'ITEM_VARIATION'
),

living as (
    select * from variations where not is_deleted
),

deleted as (
    select * from variations where is_deleted
),

items as (
    select * from {{ ref('int_square__catalog_objects') }} where object_type = 'ITEM' and not is_deleted
),

deleted_items as (
    select * from {{ ref('int_square__catalog_objects') }} where object_type = 'ITEM' and is_deleted
),

categories as (
    select * from {{ ref('int_square__catalog_objects') }} where object_type = 'CATEGORY' and not is_deleted
)

select
    coalesce(living.tenant_id, deleted.tenant_id) as tenant_id,
    coalesce(living.object_id, deleted.object_id) as pos_product_id,
    coalesce(living.item_id, deleted.item_id) as pos_item_group_id,
    coalesce(items.object_name, living.object_name, deleted.object_name, 'Deleted product') as product_name,
    coalesce(living.object_name, deleted.object_name) as variation_name,
    coalesce(living.sku, deleted.sku) as product_sku,
    categories.object_name as category,
    living.currency,
    {{ money('living.price_minor', 'living.exponent') }} as unit_price,
    coalesce(
        -- A deleted object can come back; the later of the two states holds.
        (living.version_at, living.version_no) < (deleted.version_at, deleted.version_no)
        or (items.version_at, items.version_no) < (deleted_items.version_at, deleted_items.version_no)
        or (living.object_id is null)
        or not coalesce(items.variation_ids, jsonb_build_array(living.object_id)) ? living.object_id,
        false
    ) as is_deleted,
    greatest(
        living._batch_id, deleted._batch_id, items._batch_id, deleted_items._batch_id, categories._batch_id
    ) as _batch_id
from living
full join deleted
    on living.tenant_id = deleted.tenant_id and living.object_id = deleted.object_id
left join items
    on
        coalesce(living.tenant_id, deleted.tenant_id) = items.tenant_id
        and coalesce(living.item_id, deleted.item_id) = items.object_id
left join deleted_items
    on
        coalesce(living.tenant_id, deleted.tenant_id) = deleted_items.tenant_id
        and coalesce(living.item_id, deleted.item_id) = deleted_items.object_id
left join categories
    on items.tenant_id = categories.tenant_id and items.category_id = categories.object_id
