{{ config(materialized='view', contract={'enforced': false}) }}

select
    null::uuid as tenant_id,
    null::text as pos_product_id,
    null::text as location_id,
    null::text as currency,
    null::numeric as unit_price,
    null::timestamptz as changed_at,
    null::bigint as change_number,
    null::bigint as _batch_id
where false
