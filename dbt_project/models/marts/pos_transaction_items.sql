{{ config(materialized='view') }}

select
    items.id,
    items.tenant_id,
    items.transaction_id as pos_transaction_id,
    items.pos_product_id as pos_item_id,
    items.product_name,
    products.product_sku,
    products.category,
    items.quantity,
    items.unit_price,
    items.discount_amount,
    items.line_total,
    mappings.mapped_product_id,
    mappings.mapped_product_id is not null as is_mapped,
    items.modifiers,
    items.created_at
from {{ ref('fct_transaction_items') }} as items
left join {{ ref('dim_products') }} as products
    on
        items.tenant_id = products.tenant_id
        and items.pos_provider = products.pos_provider
        and items.pos_product_id = products.pos_product_id
left join {{ ref('stg_app__product_mappings') }} as mappings
    on
        items.tenant_id = mappings.tenant_id
        and items.pos_account_id = mappings.pos_account_id
        and items.pos_product_id = mappings.pos_product_id
