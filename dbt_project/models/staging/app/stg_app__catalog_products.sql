select
    id as catalog_product_id,
    tenant_id,
    name as catalog_product_name,
    sku,
    category,
    unit,
    is_active,
    created_at,
    updated_at
from {{ source('pos', 'catalog_products') }}
