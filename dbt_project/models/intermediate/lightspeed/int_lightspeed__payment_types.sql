{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

-- Without its name: a type that is renamed and means the same does not touch its sales.
select distinct on (tenant_id, payment_type_id)
    tenant_id,
    payment_type_id,
    payment_method,
    card_brand,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__payment_types') }}
{{ where_new_loads() }}
order by tenant_id, payment_type_id, {{ newest_first(numbered=true) }}
