with source as (
    {{ raw_rows('lightspeed', 'registers') }}
)

select
    tenant_id,
    connection_id,
    id as register_id,
    nullif(payload ->> 'name', '') as register_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
