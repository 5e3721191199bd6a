{{ config(materialized='view') }}

select
    tenant_id,
    location_id,
    location_name,
    timezone,
    currency,
    is_active
from {{ ref('int_toast__restaurants') }}
