{{ config(indexes=[{'columns': ['_batch_id']}]) }}

with products as (
    {{ union_providers('products') }}
)

select
    {{ stable_uuid(['tenant_id', 'pos_provider', 'pos_product_id']) }} as id,
    tenant_id,
    pos_provider,
    pos_product_id,
    product_name,
    variation_name,
    product_sku,
    category,
    currency,
    unit_price,
    is_deleted,
    {{ this_batch() }}::bigint as _batch_id
from products
{% if is_incremental() -%}
    where _batch_id > {{ last_batch() }}
{%- endif %}
