with source as (
    {{ raw_rows('toast', 'configuration') }}
)

select
    tenant_id,
    connection_id,
    location_id,
    id as entity_id,
    payload ->> 'entityType' as entity_type,
    nullif(trim(payload ->> 'name'), '') as entity_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
