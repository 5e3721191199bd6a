{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group']},
) }}

with touched as (
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
        reaches_minor - portion_minor as begins_minor
    from (
        select
            *,
            sum(portion_minor) over (
                partition by tenant_id, transaction_group, transaction_type order by pos_transaction_id
            ) as reaches_minor
        from headers
    ) as running
),

orders as (
    select o.*
    from touched
    inner join {{ ref('int_square__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    where o.line_count > 0 or o.return_count > 0
),

raw_lines as (
    select
        orders.tenant_id,
        orders.order_id,
        'sale' as transaction_type,
        0::bigint as part_number,
        line.ordinality as line_number,
        line.value as line,
        'modifiers' as modifiers_key
    from orders
    cross join lateral jsonb_array_elements(orders.line_items) with ordinality as line
    union all
    select
        orders.tenant_id,
        orders.order_id,
        'refund' as transaction_type,
        part.ordinality as part_number,
        line.ordinality as line_number,
        line.value as line,
        'return_modifiers' as modifiers_key
    from orders
    cross join lateral jsonb_array_elements(orders.returns) with ordinality as part
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("part.value -> 'return_line_items'") }}
    ) with ordinality as line
),

order_lines as (
    select
        raw_lines.tenant_id,
        raw_lines.order_id,
        raw_lines.transaction_type,
        raw_lines.part_number,
        raw_lines.line_number,
        l.uid as pos_line_id,
        l.catalog_object_id as pos_product_id,
        coalesce(nullif(l.name, ''), 'Custom amount') as product_name,
        l.variation_name,
        case when l.catalog_object_id is null then 'custom_amount' else 'product' end as line_type,
        coalesce({{ quantity('l.quantity') }}, 1) as quantity,
        {{ minor_or_zero('l.base_price_money') }} as unit_price_minor,
        {{ minor_or_zero('l.total_discount_money') }} as discount_minor,
        {{ minor_or_zero('l.total_tax_money') }} as tax_minor,
        {{ minor_or_zero('l.total_money') }} - {{ minor_or_zero('l.total_service_charge_money') }} as total_minor,
        {{ array_or_empty('raw_lines.line -> raw_lines.modifiers_key') }} as modifiers
    from raw_lines
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(raw_lines.line) = 'object' then raw_lines.line else '{}'::jsonb end
    ) as l (
        uid text,
        catalog_object_id text,
        name text,
        variation_name text,
        quantity text,
        base_price_money jsonb,
        total_discount_money jsonb,
        total_tax_money jsonb,
        total_service_charge_money jsonb,
        total_money jsonb
    )
),

-- Amounts of the order that belong to no line and are neither tip nor service charge.
extra_lines as (
    select
        orders.tenant_id,
        orders.order_id,
        'sale' as transaction_type,
        1::bigint as part_number,
        extra.line_number,
        extra.pos_line_id,
        null::text as pos_product_id,
        extra.product_name,
        null::text as variation_name,
        'adjustment' as line_type,
        1::numeric as quantity,
        extra.amount_minor as unit_price_minor,
        0::bigint as discount_minor,
        extra.tax_minor,
        extra.amount_minor as total_minor,
        '[]'::jsonb as modifiers
    from orders
    cross join lateral (
        values
        (1::bigint, 'rounding', 'Rounding', orders.rounding_minor, 0::bigint),
        (2::bigint, 'service-charge-tax', 'Service charge tax', orders.service_tax_minor, orders.service_tax_minor)
    ) as extra (line_number, pos_line_id, product_name, amount_minor, tax_minor)
    where orders.line_count > 0 and extra.amount_minor <> 0
),

all_lines as (
    select * from order_lines
    union all
    select * from extra_lines
),

-- Where each line lies when an order's lines are laid end to end.
laid_lines as (
    select
        *,
        ends_minor - total_minor as starts_minor
    from (
        select
            *,
            sum(total_minor) over (
                partition by tenant_id, order_id, transaction_type
                order by part_number, line_number
                rows unbounded preceding
            ) as ends_minor
        from all_lines
    ) as running
),

itemised as (
    select
        s.tenant_id,
        s.transaction_group,
        s.pos_transaction_id,
        s.transaction_type,
        s.currency,
        s.exponent,
        s.sign,
        l.part_number,
        l.line_number,
        l.pos_line_id,
        l.pos_product_id,
        l.product_name,
        l.variation_name,
        l.line_type,
        l.unit_price_minor,
        l.modifiers,
        l.quantity as line_quantity,
        l.discount_minor as line_discount_minor,
        l.tax_minor as line_tax_minor,
        l.total_minor as line_minor,
        case when s.transaction_type = 'sale' then 0 else greatest(s.begins_minor - l.starts_minor, 0) end as from_minor,
        case
            when s.transaction_type = 'sale' then l.total_minor
            else least(s.reaches_minor, l.ends_minor) - l.starts_minor
        end as to_minor
    from slices as s
    inner join laid_lines as l
        on
            s.tenant_id = l.tenant_id
            and s.transaction_group = l.order_id
            and s.transaction_type = l.transaction_type
            and (
                s.transaction_type = 'sale'
                or (s.begins_minor < l.ends_minor and l.starts_minor < s.reaches_minor)
                or (
                    l.total_minor = 0
                    and (l.ends_minor > s.begins_minor or s.begins_minor = 0)
                    and l.ends_minor <= s.reaches_minor
                )
            )
    where s.is_itemised
),

cut_lines as (
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
    from itemised
),

-- Money no line explains: a sale without an order, a refund without its return order, an order of amounts only.
-- A sale whose lines do not add up keeps the difference in sight of the tests and gets no such line.
unexplained as (
    select
        s.tenant_id,
        s.transaction_group,
        s.pos_transaction_id,
        s.currency,
        s.exponent,
        s.sign,
        9999::bigint as part_number,
        1::bigint as line_number,
        'unitemised' as pos_line_id,
        null::text as pos_product_id,
        case when coalesce(l.length_minor, 0) > 0 then 'Adjustment' else 'Custom amount' end as product_name,
        null::text as variation_name,
        case when coalesce(l.length_minor, 0) > 0 then 'adjustment' else 'custom_amount' end as line_type,
        '[]'::jsonb as modifiers,
        s.reaches_minor - greatest(s.begins_minor, coalesce(l.length_minor, 0)) as unit_price_minor,
        1::numeric as quantity,
        0::numeric as discount_minor,
        0::numeric as tax_minor,
        s.reaches_minor - greatest(s.begins_minor, coalesce(l.length_minor, 0)) as total_minor
    from slices as s
    left join (
        select tenant_id, order_id, transaction_type, max(ends_minor) as length_minor
        from laid_lines
        group by tenant_id, order_id, transaction_type
    ) as l
        on
            s.tenant_id = l.tenant_id
            and s.transaction_group = l.order_id
            and s.transaction_type = l.transaction_type
            and s.is_itemised
    where
        (s.transaction_type = 'refund' or not s.is_itemised)
        and s.reaches_minor > greatest(s.begins_minor, coalesce(l.length_minor, 0))
),

items as (
    select * from cut_lines
    union all
    select * from unexplained
)

select
    touched.tenant_id,
    touched.transaction_group,
    items.pos_transaction_id,
    (
        row_number() over (
            partition by items.tenant_id, items.pos_transaction_id order by items.part_number, items.line_number
        )
    )::integer as line_number,
    items.pos_line_id,
    items.pos_product_id,
    items.product_name,
    items.variation_name,
    items.line_type,
    items.currency,
    (items.sign * items.quantity)::numeric(19, 5) as quantity,
    {{ money('items.unit_price_minor', 'items.exponent') }} as unit_price,
    {{ money('items.sign * items.discount_minor', 'items.exponent') }} as discount_amount,
    {{ money('items.sign * items.tax_minor', 'items.exponent') }} as tax_amount,
    {{ money('items.sign * items.total_minor', 'items.exponent') }} as line_total,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'name', m.value ->> 'name',
                        'quantity', coalesce({{ quantity("(m.value ->> 'quantity')") }}, 1),
                        'amount', {{ money(minor_or_zero("(m.value -> 'total_price_money')"), 'items.exponent') }}
                    )
                    order by m.ordinality
                ),
                '[]'::jsonb
            )
        from jsonb_array_elements(items.modifiers) with ordinality as m
    ) as modifiers,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join items
    on touched.tenant_id = items.tenant_id and touched.transaction_group = items.transaction_group
