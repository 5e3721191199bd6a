{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': ['load_id', 'fetched_at']},
) }}

-- Every version of a product's price that was ever seen, not only the latest.
select distinct on (tenant_id, product_id, version_at, version_no)
    tenant_id,
    product_id as pos_product_id,
    version_at,
    version_no,
    connection_id,
    price_with_tax,
    price_without_tax,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_lightspeed__products') }}
{{ where_new_loads() }}
order by tenant_id, product_id, version_at, version_no, load_id desc, fetched_at desc
