{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

-- A sale does not name its retailer, but the grant it was read with is of one.
select distinct on (tenant_id, connection_id)
    tenant_id,
    connection_id,
    retailer_id,
    currency,
    discount_product_id,
    is_tax_exclusive,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__retailers') }}
{{ where_new_loads() }}
order by tenant_id, connection_id, {{ newest_first(numbered=true) }}
