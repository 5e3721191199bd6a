{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

checks as (
    select c.*
    from touched
    inner join {{ ref('int_toast__checks') }} as c
        on touched.tenant_id = c.tenant_id and touched.transaction_group = c.transaction_group
    where c.becomes = 'sale' and c.exponent is not null
),

refunds as (
    select
        r.*,
        checks.currency
    from checks
    inner join {{ ref('int_toast__refunds') }} as r
        on
            checks.tenant_id = r.tenant_id
            and checks.transaction_group = r.transaction_group
            and checks.check_number = r.check_number
),

-- What the lines of a transaction have to add up to: its total without tip and service charge, and the tax in it.
headers as (
    select
        tenant_id,
        transaction_group,
        check_id as pos_transaction_id,
        currency,
        1 as sign,
        is_itemised,
        total_amount - tip_amount - service_charge_amount as portion_amount,
        tax_amount
    from checks
    union all
    select
        tenant_id,
        transaction_group,
        pos_transaction_id,
        currency,
        -1 as sign,
        is_itemised,
        total_amount - tip_amount - service_charge_amount as portion_amount,
        tax_amount
    from refunds
),

-- Amounts are positive up to the end, for refunds too.
lines as (
    select
        checks.tenant_id,
        checks.transaction_group,
        checks.check_id as pos_transaction_id,
        l.line_number,
        l.pos_line_id,
        l.pos_product_id,
        l.product_name,
        l.line_class,
        l.modifiers,
        l.quantity,
        case when l.line_class = 'deferred' then l.net_amount + l.tax_amount else l.unit_price end as unit_price,
        l.gross_amount - l.net_amount as discount_amount,
        l.tax_amount,
        l.net_amount + l.tax_amount as line_total
    from checks
    inner join {{ ref('int_toast__check_lines') }} as l
        on
            checks.tenant_id = l.tenant_id
            and checks.transaction_group = l.transaction_group
            and checks.check_number = l.check_number
    where l.line_class <> 'voided'
    union all
    select
        refunds.tenant_id,
        refunds.transaction_group,
        refunds.pos_transaction_id,
        l.line_number,
        l.pos_line_id,
        l.pos_product_id,
        l.product_name,
        l.line_class,
        l.modifiers,
        round(
            l.quantity * {{ refunded_part('refunds', 'l') }} * refunds.money_amount / refunds.together_amount,
            5
        ) as quantity,
        case when l.line_class = 'deferred' then l.net_amount + l.tax_amount else l.unit_price end as unit_price,
        {{ share_of_refund('((l.gross_amount - l.net_amount) * ' ~ refunded_part('refunds', 'l') ~ ')') }}
            as discount_amount,
        {{ share_of_refund(refunded_tax('refunds', 'l')) }} as tax_amount,
        {{ share_of_refund('(' ~ refunded_net('refunds', 'l') ~ ' + ' ~ refunded_tax('refunds', 'l') ~ ')') }}
            as line_total
    from refunds
    inner join {{ ref('int_toast__check_lines') }} as l
        on
            refunds.tenant_id = l.tenant_id
            and refunds.transaction_group = l.transaction_group
            and refunds.check_number = l.check_number
            and {{ refund_takes('refunds', 'l') }}
    where refunds.together_amount > 0
),

line_sums as (
    select
        tenant_id,
        pos_transaction_id,
        sum(case when line_class = 'item' then line_total else 0 end) as item_amount,
        sum(case when line_class = 'item' then tax_amount else 0 end) as item_tax_amount,
        sum(case when line_class in ('service', 'gratuity') then tax_amount else 0 end) as charge_tax_amount
    from lines
    group by tenant_id, pos_transaction_id
),

explained as (
    select
        headers.*,
        coalesce(line_sums.charge_tax_amount, 0) as charge_tax_amount,
        headers.portion_amount - coalesce(line_sums.item_amount, 0) as rest_amount,
        headers.tax_amount - coalesce(line_sums.item_tax_amount + line_sums.charge_tax_amount, 0) as rest_tax_amount
    from headers
    left join line_sums
        on
            headers.tenant_id = line_sums.tenant_id
            and headers.pos_transaction_id = line_sums.pos_transaction_id
),

items as (
    select
        lines.tenant_id,
        lines.transaction_group,
        lines.pos_transaction_id,
        headers.currency,
        headers.sign,
        0 as part_number,
        lines.line_number,
        lines.pos_line_id,
        lines.pos_product_id,
        lines.product_name,
        case
            when lines.line_class = 'deferred' then 'deferred'
            when lines.pos_product_id is null then 'custom_amount'
            else 'product'
        end as line_type,
        lines.modifiers,
        lines.quantity,
        lines.unit_price,
        case when lines.line_class = 'item' then coalesce(lines.discount_amount, 0) else 0 end as discount_amount,
        case when lines.line_class = 'item' then lines.tax_amount else 0 end as tax_amount,
        case when lines.line_class = 'item' then lines.line_total else 0 end as line_total
    from lines
    inner join headers
        on lines.tenant_id = headers.tenant_id and lines.pos_transaction_id = headers.pos_transaction_id
    where lines.line_class in ('item', 'deferred')
    union all
    -- Money no line explains. Of a sale with lines only the tax may be left over, that of its service charges and what
    -- rounding by check adds; any other difference stays in sight of the tests.
    select
        explained.tenant_id,
        explained.transaction_group,
        explained.pos_transaction_id,
        explained.currency,
        explained.sign,
        1 as part_number,
        extra.line_number,
        extra.pos_line_id,
        null as pos_product_id,
        extra.product_name,
        extra.line_type,
        '[]'::jsonb as modifiers,
        1 as quantity,
        extra.amount as unit_price,
        0 as discount_amount,
        extra.tax_amount,
        extra.amount as line_total
    from explained
    cross join lateral (
        values
        (
            1,
            'service-charge-tax',
            'Service charge tax',
            'adjustment',
            case when is_itemised then charge_tax_amount else 0 end,
            charge_tax_amount
        ),
        (
            2,
            'tax-difference',
            'Tax difference',
            'adjustment',
            case when is_itemised and sign > 0 then rest_tax_amount else 0 end,
            rest_tax_amount
        ),
        (
            3,
            'unitemised',
            'Custom amount',
            'custom_amount',
            case when not is_itemised then rest_amount else 0 end,
            explained.tax_amount
        ),
        (
            4,
            'adjustment',
            'Adjustment',
            'adjustment',
            case when is_itemised and sign < 0 then rest_amount - charge_tax_amount else 0 end,
            0
        )
    ) as extra (line_number, pos_line_id, product_name, line_type, amount, tax_amount)
    where extra.amount <> 0
)

select
    tenant_id,
    transaction_group,
    pos_transaction_id,
    (
        row_number() over (partition by tenant_id, pos_transaction_id order by part_number, line_number)
    )::integer as line_number,
    pos_line_id,
    pos_product_id,
    product_name,
    null::text as variation_name,
    line_type,
    currency,
    (sign * quantity)::numeric(19, 5) as quantity,
    unit_price::numeric(19, 4) as unit_price,
    (sign * discount_amount)::numeric(19, 4) as discount_amount,
    (sign * tax_amount)::numeric(19, 4) as tax_amount,
    (sign * line_total)::numeric(19, 4) as line_total,
    modifiers,
    {{ this_batch() }}::bigint as _batch_id
from items
