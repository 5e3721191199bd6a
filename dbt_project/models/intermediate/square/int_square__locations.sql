{{ config(materialized='view') }}

select distinct on (tenant_id, location_id)
    tenant_id,
    location_id,
    location_name,
    timezone,
    currency,
    status <> 'INACTIVE' as is_active
from {{ ref('stg_square__locations') }}
order by tenant_id, location_id, {{ newest_first() }}
