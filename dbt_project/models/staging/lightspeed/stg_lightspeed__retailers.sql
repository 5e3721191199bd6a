with source as (
    {{ raw_rows('lightspeed', 'retailer') }}
)

select
    tenant_id,
    connection_id,
    id as retailer_id,
    nullif(upper(payload #>> '{currency,code}'), '') as currency,
    nullif(payload ->> 'discount_product_id', '') as discount_product_id,
    coalesce(payload -> 'tax_exclusive' = 'true'::jsonb, false) as is_tax_exclusive,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
