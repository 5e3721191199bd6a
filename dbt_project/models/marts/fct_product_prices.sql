{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'replaces': ['tenant_id', 'pos_provider', 'pos_product_id'], 'touched': 'touched_products'},
) }}

with touched as materialized (
    {{ touched_products() }}
),

prices as (
    {{ union_providers('prices') }}
),

-- A version that left the price as it was begins no new period.
changes as (
    select *
    from (
        select
            prices.*,
            row_number() over versions = 1 as is_first,
            lag(prices.unit_price) over versions as previous_price,
            lag(prices.currency) over versions as previous_currency
        from touched
        inner join prices
            on
                touched.tenant_id = prices.tenant_id
                and touched.pos_provider = prices.pos_provider
                and touched.pos_product_id = prices.pos_product_id
        window versions as (
            partition by prices.tenant_id, prices.pos_provider, prices.pos_product_id, prices.location_id
            order by prices.changed_at, prices.change_number
        )
    ) as compared
    where is_first or unit_price is distinct from previous_price or currency is distinct from previous_currency
)

select
    tenant_id,
    pos_provider,
    pos_product_id,
    location_id,
    changed_at as valid_from,
    change_number,
    lead(changed_at) over (
        partition by tenant_id, pos_provider, pos_product_id, location_id order by changed_at, change_number
    ) as valid_to,
    currency,
    unit_price,
    {{ this_batch() }}::bigint as _batch_id
from changes
