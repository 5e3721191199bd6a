{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'lightspeed'},
) }}

with touched as materialized (
    {{ touched_groups('lightspeed') }}
),

sales as materialized (
    {{ lightspeed_settled('sale') }}
),

lines as materialized (
    select
        s.tenant_id,
        s.sale_id,
        s.is_tax_exclusive,
        line.*,
        case
            when line.product_id = s.discount_product_id then 'discount'
            -- While the retailer was not read: below zero, and by its own word nothing that came back.
            when s.is_retailer_unknown and line.quantity < 0 and line.is_return = 'false' then 'discount'
            when line.has_gift_card or products.is_gift_card then 'deferred'
            when line.product_id is null then 'custom_amount'
            else 'product'
        end as line_type
    from sales as s
    inner join {{ ref('int_lightspeed__sales') }} as listed
        on s.tenant_id = listed.tenant_id and s.sale_id = listed.sale_id
    cross join lateral ({{ lightspeed_lines('listed.line_items') }}) as line
    left join {{ ref('int_lightspeed__product_names') }} as products
        on s.tenant_id = products.tenant_id and line.product_id = products.product_id
),

sided as (
    select
        *,
        line_type <> 'discount' and quantity < 0 as is_returned,
        bool_or(line_type <> 'discount' and quantity > 0) over (partition by tenant_id, sale_id) as has_sold
    from lines
),

-- A discount on the whole sale is borne by its goods: by what was sold, or in a pure return by what came back.
borne as (
    select
        *,
        line_type in ('product', 'custom_amount') and is_returned <> has_sold as bears_discount
    from sided
),

-- What has to be spread over the lines of a sale, and by which weights.
pools as (
    select
        s.tenant_id,
        s.sale_id,
        coalesce(sum(b.net_amount) filter (where b.line_type = 'discount'), 0) - s.discount_amount as net_amount,
        coalesce(sum(b.tax_amount) filter (where b.line_type = 'discount'), 0) as tax_amount,
        nullif(sum(b.net_amount) filter (where b.bears_discount), 0) as bearing_net_amount,
        nullif(sum(b.tax_amount) filter (where b.bears_discount), 0) as bearing_tax_amount,
        coalesce(sum(round(b.net_amount + b.tax_amount, s.exponent)) filter (where b.line_type = 'deferred'), 0)
            as deferred_amount,
        coalesce(sum(round(b.tax_amount, s.exponent)) filter (where b.line_type = 'deferred'), 0)
            as deferred_tax_amount
    from sales as s
    left join borne as b on s.tenant_id = b.tenant_id and s.sale_id = b.sale_id
    group by s.tenant_id, s.sale_id, s.discount_amount
),

-- Everything the lines have to add up to: goods, then what belongs to none of them.
parts as (
    select
        b.tenant_id,
        b.sale_id,
        0 as part_number,
        b.line_number,
        b.pos_line_id,
        b.product_id,
        b.line_name,
        b.line_type,
        b.quantity,
        -- With the tax a shopper sees, and before discount: what a unit costs on the shelf.
        coalesce({{ bounded("""
            case
                when b.is_tax_exclusive then b.unit_price + b.unit_discount
                else b.unit_price + b.unit_tax + b.unit_discount * (1 + coalesce(b.unit_tax / nullif(b.unit_price, 0), 0))
            end
        """) }}, 0) as unit_price,
        case b.line_type when 'deferred' then round(b.net_amount + b.tax_amount, 5) else 0 end as deferred_amount,
        case b.line_type when 'deferred' then round(b.tax_amount, 5) else 0 end as deferred_tax_amount,
        b.is_returned,
        b.has_sold,
        case b.line_type when 'deferred' then 0 else b.net_amount + share.net_amount end as net_amount,
        case b.line_type when 'deferred' then 0 else b.tax_amount + share.tax_amount end as tax_amount,
        case b.line_type when 'deferred' then 0 else b.discount_amount - share.net_amount end as discount_amount
    from borne as b
    inner join pools on b.tenant_id = pools.tenant_id and b.sale_id = pools.sale_id
    cross join lateral (
        select
            case
                when not b.bears_discount or pools.bearing_net_amount is null then 0
                else coalesce({{ bounded('pools.net_amount * b.net_amount / pools.bearing_net_amount') }}, 0)
            end as net_amount,
            case
                when not b.bears_discount or pools.bearing_net_amount is null then 0
                when pools.bearing_tax_amount is null
                    then coalesce({{ bounded('pools.tax_amount * b.net_amount / pools.bearing_net_amount') }}, 0)
                else coalesce({{ bounded('pools.tax_amount * b.tax_amount / pools.bearing_tax_amount') }}, 0)
            end as tax_amount
    ) as share
    where b.line_type <> 'discount'
    union all
    select
        s.tenant_id,
        s.sale_id,
        1 as part_number,
        extra.line_number,
        extra.pos_line_id,
        null as product_id,
        extra.line_name,
        extra.line_type,
        1 as quantity,
        extra.net_amount + extra.tax_amount as unit_price,
        0 as deferred_amount,
        0 as deferred_tax_amount,
        false as is_returned,
        false as has_sold,
        extra.net_amount,
        extra.tax_amount,
        extra.discount_amount
    from sales as s
    inner join pools on s.tenant_id = pools.tenant_id and s.sale_id = pools.sale_id
    cross join lateral (
        select
            pools.net_amount as discount_net_amount,
            pools.tax_amount as discount_tax_amount
        where pools.bearing_net_amount is null
        union all
        select
            0 as discount_net_amount,
            0 as discount_tax_amount
        where pools.bearing_net_amount is not null
    ) as unborne
    cross join lateral (
        values
        (
            1, 'discount', 'Discount', 'adjustment',
            unborne.discount_net_amount, unborne.discount_tax_amount, -unborne.discount_net_amount
        ),
        (2, 'charge-tax', 'Service charge tax', 'adjustment', 0, s.charge_tax_amount, 0),
        (
            3, 'unitemised', 'Custom amount', 'custom_amount',
            case
                when s.line_count = 0
                    then
                        s.total_amount - s.tax_amount - s.tip_amount - s.service_amount - unborne.discount_net_amount
                else 0
            end,
            case when s.line_count = 0 then s.tax_amount - s.charge_tax_amount else 0 end,
            0
        )
    ) as extra (line_number, pos_line_id, line_name, line_type, net_amount, tax_amount, discount_amount)
    where extra.net_amount <> 0 or extra.tax_amount <> 0 or extra.discount_amount <> 0
),

-- In minor units: what each line comes to exactly, and the whole units all lines of the sale have to come to.
exact as (
    select
        parts.*,
        s.currency,
        s.exponent,
        s.total_amount as header_amount,
        pools.deferred_amount as header_deferred_amount,
        (parts.net_amount + parts.tax_amount) * scale.units as total_exact,
        parts.tax_amount * scale.units as tax_exact,
        parts.discount_amount * scale.units as discount_exact,
        (
            round(s.total_amount, s.exponent) - round(s.tip_amount, s.exponent) - round(s.service_amount, s.exponent)
            - pools.deferred_amount
        ) * scale.units as total_target,
        (round(s.tax_amount, s.exponent) - pools.deferred_tax_amount) * scale.units as tax_target,
        round(sum(parts.discount_amount) over whole * scale.units) as discount_target
    from parts
    inner join sales as s on parts.tenant_id = s.tenant_id and parts.sale_id = s.sale_id
    inner join pools on parts.tenant_id = pools.tenant_id and parts.sale_id = pools.sale_id
    cross join lateral (select power(10::numeric, s.exponent) as units) as scale
    window whole as (partition by parts.tenant_id, parts.sale_id)
),

ranked as (
    select
        *,
        {{ ranked_remainders('total') }},
        {{ ranked_remainders('tax') }},
        {{ ranked_remainders('discount') }},
        count(*) over (partition by tenant_id, sale_id) as part_count
    from exact
),

whole as (
    select
        *,
        {{ apportioned('total') }} as total_minor,
        {{ apportioned('tax') }} as tax_minor,
        {{ apportioned('discount') }} as discount_minor
    from ranked
),

-- Goods sold and goods brought back in one sale are an exchange, unless money of either side has the other's sign.
split as (
    select
        *,
        case
            when
                bool_or(has_sold) over sale
                and sum(total_minor) filter (where is_returned) over sale <= 0
                and (header_amount - header_deferred_amount) * power(10::numeric, exponent)
                >= sum(total_minor) filter (where is_returned) over sale
                and is_returned
                then sale_id || ':return'
            else sale_id
        end as pos_transaction_id
    from whole
    window sale as (partition by tenant_id, sale_id)
)

select
    tenant_id,
    sale_id as transaction_group,
    pos_transaction_id,
    (
        row_number() over (partition by tenant_id, pos_transaction_id order by part_number, line_number)
    )::integer as line_number,
    pos_line_id,
    product_id as pos_product_id,
    line_name,
    line_type,
    currency,
    quantity::numeric(19, 5) as quantity,
    unit_price::numeric(19, 4) as unit_price,
    {{ money('discount_minor', 'exponent') }} as discount_amount,
    {{ money('tax_minor', 'exponent') }} as tax_amount,
    {{ money('total_minor', 'exponent') }} as line_total,
    round(deferred_amount, exponent)::numeric(19, 4) as deferred_amount,
    round(deferred_tax_amount, exponent)::numeric(19, 4) as deferred_tax_amount,
    is_returned,
    {{ this_batch() }}::bigint as _batch_id
from split
