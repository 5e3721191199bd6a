with source as (
    {{ raw_rows('lightspeed', 'products') }}
),

unpacked as (
    select
        source.*,
        p.*
    from source
    cross join lateral jsonb_to_record(source.payload) as p (
        name text,
        variant_name text,
        variant_parent_id text,
        variant_options jsonb,
        has_variants jsonb,
        sku text,
        active jsonb,
        is_active jsonb,
        type jsonb,
        product_type_id text,
        product_category jsonb,
        price_including_tax text,
        price_excluding_tax text,
        deleted_at text
    )
)

select
    tenant_id,
    connection_id,
    id as product_id,
    coalesce(nullif(variant_name, ''), nullif(name, '')) as product_name,
    (
        select string_agg(option.value ->> 'value', ' / ' order by option.ordinality)
        from jsonb_array_elements({{ array_or_empty('variant_options') }}) with ordinality as option
    ) as variation_name,
    nullif(variant_parent_id, '') as parent_id,
    nullif(sku, '') as sku,
    coalesce(product_category ->> 'id', type ->> 'id', nullif(product_type_id, '')) as category_id,
    coalesce({{ lightspeed_category('product_category') }}, nullif(type ->> 'name', '')) as category,
    {{ decimal_amount('price_including_tax') }} as price_with_tax,
    {{ decimal_amount('price_excluding_tax') }} as price_without_tax,
    coalesce(sku = 'vend-internal-gift-card', false) as is_gift_card,
    coalesce(
        nullif(deleted_at, '') is not null
        or coalesce(is_active, active, 'true'::jsonb) = 'false'::jsonb
        -- What is sold is one of its variants.
        or (coalesce(has_variants, 'false'::jsonb) = 'true'::jsonb and nullif(variant_parent_id, '') is null),
        false
    ) as is_deleted,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
