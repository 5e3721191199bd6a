select
    id as quarantine_id,
    tenant_id,
    connection_id,
    pos_provider,
    stream,
    reason,
    quarantined_at,
    released_at
from {{ source('pos', 'quarantine') }}
