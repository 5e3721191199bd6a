{{ config(materialized='view') }}

with versions as (
    select * from {{ ref('int_square__price_versions') }}
),

overrides as (
    select
        versions.tenant_id,
        versions.pos_product_id,
        versions.version_at,
        versions.version_no,
        override ->> 'location_id' as location_id,
        {{ minor("(override -> 'price_money')") }} as price_minor
    from versions
    cross join lateral jsonb_array_elements(versions.location_overrides) as override
    where override ->> 'location_id' is not null
),

-- Shops that ever had a price of their own; where one ends, the common price holds again.
shops as (
    select distinct tenant_id, pos_product_id, location_id
    from overrides
    where price_minor is not null
    union all
    select distinct tenant_id, pos_product_id, '' as location_id
    from versions
)

select
    versions.tenant_id,
    versions.pos_product_id,
    shops.location_id,
    versions.currency,
    {{ money('coalesce(overrides.price_minor, versions.price_minor)', 'versions.exponent') }} as unit_price,
    versions.version_at as changed_at,
    versions.version_no as change_number,
    versions._batch_id
from versions
inner join shops
    on versions.tenant_id = shops.tenant_id and versions.pos_product_id = shops.pos_product_id
left join overrides
    on
        versions.tenant_id = overrides.tenant_id
        and versions.pos_product_id = overrides.pos_product_id
        and versions.version_at = overrides.version_at
        and versions.version_no = overrides.version_no
        and shops.location_id = overrides.location_id
