{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'square'},
) }}

with touched as materialized (
    {{ touched_groups('square') }}
),

-- What a transaction's lines have to add up to: its total without tip and service charge. Refunds that share a
-- return order take it in slices, one after the other in the order of their ids; signs are turned back at the end.
headers as (
    select
        t.tenant_id,
        t.transaction_group,
        t.pos_transaction_id,
        t.transaction_type,
        t.currency,
        t.is_itemised,
        c.exponent,
        case when t.transaction_type = 'refund' then -1 else 1 end as sign,
        abs(t.total_amount - t.tip_amount - t.service_charge_amount) * power(10::numeric, c.exponent) as portion_minor
    from touched
    inner join {{ ref('int_square__transactions') }} as t
        on touched.tenant_id = t.tenant_id and touched.transaction_group = t.transaction_group
    inner join {{ ref('currencies') }} as c on t.currency = c.currency
    where t.transaction_type <> 'void'
),

slices as (
    select
        *,
        sum(portion_minor) over same_order as reaches_minor,
        sum(portion_minor) over same_order - portion_minor as begins_minor
    from headers
    window same_order as (
        partition by tenant_id, transaction_group, transaction_type
        order by pos_transaction_id
    )
),

-- The lines of each transaction's order laid end to end, and after them the place of what no line explains.
laid as (
    select
        slices.*,
        line.*,
        line.ends_minor - line.line_minor as starts_minor
    from slices
    left join {{ ref('int_square__orders') }} as o
        on
            slices.is_itemised
            and slices.tenant_id = o.tenant_id
            and slices.transaction_group = o.order_id
    cross join lateral (
        select
            each.*,
            sum(each.line_minor) over (
                order by each.part_number, each.line_number rows unbounded preceding
            ) as ends_minor,
            sum(each.line_minor) over () as length_minor
        from (
            select
                0::bigint as part_number,
                sold.ordinality as line_number,
                {{ square_line('sold.value', 'modifiers') }}
            from jsonb_array_elements(o.line_items) with ordinality as sold
            where slices.transaction_type = 'sale'
            union all
            select
                part.ordinality as part_number,
                returned.ordinality as line_number,
                {{ square_line('returned.value', 'return_modifiers') }}
            from jsonb_array_elements(o.returns) with ordinality as part
            cross join lateral jsonb_array_elements(
                {{ array_or_empty("part.value -> 'return_line_items'") }}
            ) with ordinality as returned
            where slices.transaction_type = 'refund'
            union all
            -- Amounts of the order that belong to no line and are neither tip nor service charge.
            select
                1 as part_number,
                extra.line_number,
                extra.pos_line_id,
                null as pos_product_id,
                extra.product_name,
                null as variation_name,
                'adjustment' as line_type,
                1 as line_quantity,
                extra.amount_minor as unit_price_minor,
                0 as line_discount_minor,
                extra.tax_minor as line_tax_minor,
                extra.amount_minor as line_minor,
                '[]'::jsonb as modifiers
            from (
                values
                (1, 'rounding', 'Rounding', o.rounding_minor, 0),
                (2, 'service-charge-tax', 'Service charge tax', o.service_tax_minor, o.service_tax_minor)
            ) as extra (line_number, pos_line_id, product_name, amount_minor, tax_minor)
            where slices.transaction_type = 'sale' and extra.amount_minor <> 0
            union all
            select
                null as part_number,
                null as line_number,
                'unitemised' as pos_line_id,
                null as pos_product_id,
                null as product_name,
                null as variation_name,
                null as line_type,
                1 as line_quantity,
                0 as unit_price_minor,
                0 as line_discount_minor,
                0 as line_tax_minor,
                0 as line_minor,
                '[]'::jsonb as modifiers
        ) as each
    ) as line
),

cut as (
    select
        *,
        case when transaction_type = 'sale' then 0 else greatest(begins_minor - starts_minor, 0) end as from_minor,
        case
            when transaction_type = 'sale' then line_minor
            else least(reaches_minor, ends_minor) - starts_minor
        end as to_minor
    from laid
    where
        line_number is not null
        and (
            transaction_type = 'sale'
            or (begins_minor < ends_minor and starts_minor < reaches_minor)
            or (line_minor = 0 and (ends_minor > begins_minor or begins_minor = 0) and ends_minor <= reaches_minor)
        )
),

items as (
    select
        tenant_id,
        transaction_group,
        pos_transaction_id,
        currency,
        exponent,
        sign,
        part_number,
        line_number,
        pos_line_id,
        pos_product_id,
        product_name,
        variation_name,
        line_type,
        modifiers,
        unit_price_minor,
        round(line_quantity * coalesce((to_minor - from_minor)::numeric / nullif(line_minor, 0), 1), 5) as quantity,
        {{ cut_of_line('line_discount_minor') }} as discount_minor,
        {{ cut_of_line('line_tax_minor') }} as tax_minor,
        to_minor - from_minor as total_minor
    from cut
    union all
    -- Money no line explains: a sale without an order, a refund without its return order, an order of amounts only.
    -- An itemised sale whose lines do not add up gets no such line: the difference stays in sight of the tests.
    select
        tenant_id,
        transaction_group,
        pos_transaction_id,
        currency,
        exponent,
        sign,
        part_number,
        line_number,
        pos_line_id,
        pos_product_id,
        case when length_minor > 0 then 'Adjustment' else 'Custom amount' end as product_name,
        variation_name,
        case when length_minor > 0 then 'adjustment' else 'custom_amount' end as line_type,
        modifiers,
        reaches_minor - greatest(begins_minor, length_minor) as unit_price_minor,
        1 as quantity,
        0 as discount_minor,
        0 as tax_minor,
        reaches_minor - greatest(begins_minor, length_minor) as total_minor
    from laid
    where
        line_number is null
        and (transaction_type = 'refund' or not is_itemised)
        and reaches_minor > greatest(begins_minor, length_minor)
)

select
    tenant_id,
    transaction_group,
    pos_transaction_id,
    (
        row_number() over (
            partition by tenant_id, pos_transaction_id order by part_number nulls last, line_number
        )
    )::integer as line_number,
    pos_line_id,
    pos_product_id,
    product_name,
    variation_name,
    line_type,
    currency,
    (sign * quantity)::numeric(19, 5) as quantity,
    {{ money('unit_price_minor', 'exponent') }} as unit_price,
    {{ money('sign * discount_minor', 'exponent') }} as discount_amount,
    {{ money('sign * tax_minor', 'exponent') }} as tax_amount,
    {{ money('sign * total_minor', 'exponent') }} as line_total,
    case
        when jsonb_array_length(modifiers) = 0 then modifiers
        else (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'name', m.value ->> 'name',
                        'quantity', coalesce({{ quantity("(m.value ->> 'quantity')") }}, 1),
                        'amount', {{ money(minor_or_zero("(m.value -> 'total_price_money')"), 'items.exponent') }}
                    )
                    order by m.ordinality
                )
            from jsonb_array_elements(items.modifiers) with ordinality as m
        )
    end as modifiers,
    {{ this_batch() }}::bigint as _batch_id
from items
