{{ config(materialized='view', contract={'enforced': false}) }}

select
    null::uuid as tenant_id,
    null::text as location_id,
    null::text as object_type,
    null::text as object_id,
    null::text as currency
where false
