with source as (
    {{ raw_rows('mercado', 'sales') }}
)

select distinct on (tenant_id, id)
    tenant_id,
    location_id,
    id as sale_id,
    payload ->> 'product' as product_name,
    payload ->> 'currency' as currency,
    (payload ->> 'total')::numeric as total,
    (payload ->> 'sold_at')::timestamptz as sold_at,
    load_batch_id as _batch_id
from source
order by tenant_id, id, {{ newest_first() }}
