select
    tenant_id,
    business_date,
    batch_id as _batch_id
from {{ source('etl', 'touched_days') }}
