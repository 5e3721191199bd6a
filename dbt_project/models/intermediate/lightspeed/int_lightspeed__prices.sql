{{ config(materialized='view') }}

select
    versions.tenant_id,
    versions.pos_product_id,
    '' as location_id,
    retailers.currency,
    {{ lightspeed_shown_price('versions', 'retailers') }} as unit_price,
    versions.version_at as changed_at,
    versions.version_no as change_number,
    greatest(versions._batch_id, retailers._batch_id) as _batch_id
from {{ ref('int_lightspeed__price_versions') }} as versions
left join {{ ref('int_lightspeed__retailers') }} as retailers
    on versions.tenant_id = retailers.tenant_id and versions.connection_id = retailers.connection_id
