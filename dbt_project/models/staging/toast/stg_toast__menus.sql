with source as (
    {{ raw_rows('toast', 'menus') }}
)

select
    tenant_id,
    connection_id,
    coalesce(nullif(location_id, ''), id) as location_id,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
