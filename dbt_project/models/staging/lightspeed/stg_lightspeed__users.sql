with source as (
    {{ raw_rows('lightspeed', 'users') }}
)

select
    tenant_id,
    connection_id,
    id as user_id,
    coalesce(nullif(payload ->> 'display_name', ''), nullif(payload ->> 'username', '')) as cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
