{{ config(materialized='view') }}

select
    outlets.tenant_id,
    outlets.outlet_id as location_id,
    outlets.outlet_name as location_name,
    outlets.timezone,
    outlets.currency,
    not outlets.is_deleted as is_active
from {{ ref('int_lightspeed__outlets') }} as outlets
