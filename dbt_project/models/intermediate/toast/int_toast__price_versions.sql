{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': ['load_id', 'fetched_at']},
) }}

-- The price of an item in every menu that was ever seen, not only the latest.
select distinct on (tenant_id, location_id, item_id, version_at, version_no)
    tenant_id,
    location_id,
    item_id as pos_product_id,
    version_at,
    version_no,
    price::numeric(19, 4) as price,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__menu_items') }}
{{ where_new_loads() }}
order by tenant_id, location_id, item_id, version_at, version_no, load_id desc, fetched_at desc
