{{ config(materialized='view') }}

select
    versions.tenant_id,
    versions.pos_product_id,
    versions.location_id,
    restaurants.currency,
    versions.price as unit_price,
    versions.version_at as changed_at,
    versions.version_no as change_number,
    greatest(versions._batch_id, restaurants._batch_id) as _batch_id
from {{ ref('int_toast__price_versions') }} as versions
left join {{ ref('int_toast__restaurants') }} as restaurants
    on versions.tenant_id = restaurants.tenant_id and versions.location_id = restaurants.location_id
