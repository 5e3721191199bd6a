select
    id as mapping_id,
    tenant_id,
    pos_account_id,
    pos_product_id,
    bakery_product_id as mapped_product_id,
    bakery_product_name as mapped_product_name,
    mapping_type,
    confidence_score,
    created_at,
    updated_at
from {{ source('pos', 'product_mappings') }}
