with source as (
    {{ raw_rows('lightspeed', 'product_categories') }}
)

select
    tenant_id,
    connection_id,
    id as category_id,
    {{ lightspeed_category('source.payload') }} as category,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
