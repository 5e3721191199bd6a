{{ config(materialized='view') }}

select
    products.tenant_id,
    products.product_id as pos_product_id,
    products.parent_id as pos_item_group_id,
    coalesce(names.product_name, 'Unnamed product') as product_name,
    names.variation_name,
    products.sku as product_sku,
    coalesce(categories.category, products.category) as category,
    retailers.currency,
    {{ lightspeed_shown_price('products', 'retailers') }} as unit_price,
    -- The product that stands for a discount on a whole sale is not for sale.
    products.is_deleted or coalesce(products.product_id = retailers.discount_product_id, false) as is_deleted,
    greatest(products._batch_id, names._batch_id, categories._batch_id, retailers._batch_id) as _batch_id
from {{ ref('int_lightspeed__catalog_products') }} as products
inner join {{ ref('int_lightspeed__product_names') }} as names
    on products.tenant_id = names.tenant_id and products.product_id = names.product_id
left join {{ ref('int_lightspeed__product_categories') }} as categories
    on products.tenant_id = categories.tenant_id and products.category_id = categories.category_id
left join {{ ref('int_lightspeed__retailers') }} as retailers
    on products.tenant_id = retailers.tenant_id and products.connection_id = retailers.connection_id
