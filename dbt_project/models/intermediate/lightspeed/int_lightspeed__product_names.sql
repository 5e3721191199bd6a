{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns(numbered=true)},
) }}

-- Apart from the rest of the catalog: a sale's lines have no names of their own, so that a new name makes the sales of
-- a product again, and a new price must not.
select distinct on (tenant_id, product_id)
    tenant_id,
    product_id,
    product_name,
    variation_name,
    is_gift_card,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__products') }}
{{ where_new_loads() }}
order by tenant_id, product_id, {{ newest_first(numbered=true) }}
