{{ config(materialized='view', contract={'enforced': false}) }}

select
    null::uuid as tenant_id,
    null::text as pos_product_id,
    null::text as pos_item_group_id,
    null::text as product_name,
    null::text as variation_name,
    null::text as product_sku,
    null::text as category,
    null::text as currency,
    null::numeric as unit_price,
    false as is_deleted,
    null::bigint as _batch_id
where false
