{{ config(materialized='view', contract={'enforced': false}) }}

select
    null::uuid as tenant_id,
    null::text as location_id,
    null::text as location_name,
    null::text as timezone,
    null::text as currency,
    true as is_active
where false
