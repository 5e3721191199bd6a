select
    id as tenant_id,
    slug as tenant_slug,
    name as tenant_name,
    created_at
from {{ source('pos', 'tenants') }}
