{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': ['load_id', 'fetched_at']},
) }}

-- Every version of a product's price that was ever seen, not only the latest.
select distinct on (tenant_id, object_id, version_at, version_no)
    tenant_id,
    object_id as pos_product_id,
    version_at,
    version_no,
    currency,
    exponent,
    price_minor,
    location_overrides,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__catalog_objects') }}
where
    object_type = 'ITEM_VARIATION'
    and not is_deleted
    {% if is_incremental() -%}
        and load_batch_id > {{ last_batch() }}
    {%- endif %}
order by tenant_id, object_id, version_at, version_no, load_id desc, fetched_at desc
