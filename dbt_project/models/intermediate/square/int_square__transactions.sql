{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'square'},
) }}

with touched as materialized (
    {{ touched_groups('square') }}
),

-- What a group is built from: its order when that was completed or fully paid; the payments alone while there is no
-- usable order. Nothing for an unpaid, draft or empty order, nor for a pure return, whose money is in its refunds.
settled as (
    select
        touched.tenant_id,
        touched.transaction_group,
        coalesce(o.location_id, main.location_id, '') as location_id,
        coalesce(main.customer_id, o.customer_id) as customer_id,
        main.team_member_id,
        main.device_name,
        main.receipt_number,
        main.buyer_email,
        main.payment_method,
        main.card_brand,
        main.card_last_four,
        main.currency as payment_currency,
        main.exponent as payment_exponent,
        paid.completed_minor,
        paid.completed_tip_minor,
        paid.canceled_minor,
        paid.offline_at,
        paid.paid_at,
        paid.canceled_at,
        o.currency as order_currency,
        o.exponent as order_exponent,
        o.total_minor,
        o.tax_minor,
        o.discount_minor,
        o.tip_minor,
        o.service_minor,
        o.return_total_minor,
        o.return_tax_minor,
        o.return_discount_minor,
        o.return_tip_minor,
        o.return_service_minor,
        o.line_count,
        o.closed_at,
        coalesce(o.created_at, main.created_at) as created_at,
        coalesce(o.is_usable, false) as is_usable,
        coalesce(o.is_exchange, false) as is_exchange,
        case
            when o.is_return_only then null
            when o.is_usable and o.state = 'COMPLETED' then 'order'
            when
                o.is_usable
                and o.state = 'OPEN'
                and o.return_count = 0
                and o.due_minor = 0
                and paid.completed_count > 0
                and paid.completed_minor >= o.total_minor
                then 'order'
            when paid.completed_count > 0 and (o.order_id is null or not o.is_usable or o.state = 'CANCELED')
                then 'payments'
            when paid.completed_count > 0 or o.state = 'COMPLETED' then null
            when paid.canceled_count > 0 or (o.is_usable and o.state = 'CANCELED') then 'void'
        end as built_from
    from touched
    left join {{ ref('int_square__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    cross join lateral (
        select
            count(*) filter (where p.status = 'COMPLETED') as completed_count,
            count(*) filter (where p.status = 'CANCELED') as canceled_count,
            coalesce(sum(p.total_minor) filter (where p.status = 'COMPLETED'), 0) as completed_minor,
            coalesce(sum(p.tip_minor) filter (where p.status = 'COMPLETED'), 0) as completed_tip_minor,
            coalesce(sum(p.total_minor) filter (where p.status = 'CANCELED'), 0) as canceled_minor,
            min(p.created_at) filter (where p.status = 'COMPLETED') as paid_at,
            min(p.created_at) filter (where p.status = 'CANCELED') as canceled_at,
            min(p.offline_at) filter (where p.status = 'COMPLETED') as offline_at
        from {{ ref('int_square__payments') }} as p
        where p.tenant_id = touched.tenant_id and p.transaction_group = touched.transaction_group
    ) as paid
    -- The payment that speaks for the sale: a completed one before a canceled one, the largest first.
    left join lateral (
        select *
        from {{ ref('int_square__payments') }} as p
        where
            p.tenant_id = touched.tenant_id
            and p.transaction_group = touched.transaction_group
            and p.status in ('COMPLETED', 'CANCELED')
        order by p.status = 'COMPLETED' desc, p.total_minor desc, p.payment_id
        limit 1
    ) as main on true
),

-- A sale or void per group, and for an exchange the returned half beside it. Refunds that point at an exchange are
-- its payout and not counted again.
sales as (
    select
        settled.tenant_id,
        settled.transaction_group,
        settled.location_id,
        settled.customer_id,
        settled.team_member_id,
        settled.device_name,
        settled.buyer_email,
        settled.payment_method,
        settled.card_brand,
        settled.card_last_four,
        settled.created_at,
        t.*,
        coalesce(
            case
                when settled.built_from = 'void' then settled.canceled_at
                when settled.built_from = 'order' then coalesce(settled.offline_at, settled.closed_at, settled.paid_at)
                else coalesce(settled.offline_at, settled.paid_at)
            end,
            settled.created_at
        ) as transaction_at
    from settled
    cross join lateral (
        select
            transaction_group as pos_transaction_id,
            null::text as original_transaction_id,
            receipt_number,
            'sale' as transaction_type,
            order_currency as currency,
            order_exponent as exponent,
            total_minor::numeric as total_minor,
            tax_minor::numeric as tax_minor,
            discount_minor::numeric as discount_minor,
            service_minor::numeric as service_minor,
            tip_minor::numeric as tip_minor,
            0::numeric as voided_minor,
            line_count > 0 as is_itemised
        where built_from = 'order'
        union all
        select
            transaction_group as pos_transaction_id,
            null as original_transaction_id,
            receipt_number,
            'sale' as transaction_type,
            payment_currency as currency,
            payment_exponent as exponent,
            completed_minor as total_minor,
            0 as tax_minor,
            0 as discount_minor,
            0 as service_minor,
            completed_tip_minor as tip_minor,
            0 as voided_minor,
            false as is_itemised
        where built_from = 'payments'
        union all
        select
            transaction_group as pos_transaction_id,
            null as original_transaction_id,
            receipt_number,
            'void' as transaction_type,
            case when is_usable then order_currency else payment_currency end as currency,
            case when is_usable then order_exponent else payment_exponent end as exponent,
            0 as total_minor,
            0 as tax_minor,
            0 as discount_minor,
            0 as service_minor,
            0 as tip_minor,
            case when is_usable then total_minor else canceled_minor end as voided_minor,
            false as is_itemised
        where built_from = 'void'
        union all
        select
            transaction_group || ':return' as pos_transaction_id,
            transaction_group as original_transaction_id,
            null as receipt_number,
            'refund' as transaction_type,
            order_currency as currency,
            order_exponent as exponent,
            -return_total_minor as total_minor,
            -return_tax_minor as tax_minor,
            -return_discount_minor as discount_minor,
            -return_service_minor as service_minor,
            -return_tip_minor as tip_minor,
            0 as voided_minor,
            true as is_itemised
        where built_from = 'order' and is_exchange
    ) as t
),

-- Several refunds may share one return order (a split tender paid back): each takes the part of the return between
-- what was paid back before it and after it, in the order of their ids.
refund_parts as (
    select
        r.*,
        coalesce(o.is_return_only, false) as is_itemised,
        o.return_tax_minor,
        o.return_discount_minor,
        o.return_tip_minor,
        o.return_service_minor,
        nullif(o.return_total_minor, 0) as returned_minor,
        o.returns #>> '{0,source_order_id}' as source_order_id,
        sum(r.amount_minor) over (
            partition by r.tenant_id, r.transaction_group order by r.refund_id
        ) as reached_minor
    from touched
    inner join {{ ref('int_square__refunds') }} as r
        on touched.tenant_id = r.tenant_id and touched.transaction_group = r.transaction_group
    left join {{ ref('int_square__orders') }} as o
        on r.tenant_id = o.tenant_id and r.transaction_group = o.order_id
    where r.status = 'COMPLETED' and not coalesce(o.is_exchange, false)
),

refunds as (
    select
        parts.tenant_id,
        parts.transaction_group,
        coalesce(parts.location_id, '') as location_id,
        payment.customer_id,
        coalesce(parts.team_member_id, payment.team_member_id) as team_member_id,
        payment.device_name,
        payment.buyer_email,
        null as payment_method,
        null as card_brand,
        null as card_last_four,
        parts.created_at,
        parts.refund_id as pos_transaction_id,
        coalesce(parts.source_order_id, payment.transaction_group) as original_transaction_id,
        null as receipt_number,
        'refund' as transaction_type,
        parts.currency,
        parts.exponent,
        -amount_minor as total_minor,
        -{{ share_of_return('return_tax_minor') }} as tax_minor,
        -{{ share_of_return('return_discount_minor') }} as discount_minor,
        -{{ share_of_return('return_service_minor') }} as service_minor,
        -{{ share_of_return('return_tip_minor') }} as tip_minor,
        0 as voided_minor,
        parts.is_itemised,
        parts.created_at as transaction_at
    from refund_parts as parts
    left join {{ ref('int_square__payments') }} as payment
        on parts.tenant_id = payment.tenant_id and parts.payment_id = payment.payment_id
),

transactions as (
    select * from sales
    union all
    select * from refunds
)

select
    t.tenant_id,
    t.transaction_group,
    t.pos_transaction_id,
    t.original_transaction_id,
    t.location_id,
    t.transaction_type,
    t.currency,
    coalesce(tenders.payment_method, t.payment_method, 'other') as payment_method,
    coalesce(tenders.card_brand, t.card_brand) as card_brand,
    coalesce(tenders.card_last_four, t.card_last_four) as card_last_four,
    t.customer_id,
    customers.customer_name,
    coalesce(customers.customer_email, t.buyer_email) as customer_email,
    customers.customer_phone,
    t.team_member_id as cashier_id,
    cashiers.cashier_name,
    t.device_name,
    t.receipt_number,
    {{ money('t.total_minor - t.tax_minor + t.discount_minor - t.service_minor - t.tip_minor', 't.exponent') }}
        as subtotal,
    {{ money('t.tax_minor', 't.exponent') }} as tax_amount,
    {{ money('t.discount_minor', 't.exponent') }} as discount_amount,
    {{ money('t.service_minor', 't.exponent') }} as service_charge_amount,
    {{ money('t.tip_minor', 't.exponent') }} as tip_amount,
    {{ money('t.total_minor', 't.exponent') }} as total_amount,
    {{ money('t.voided_minor', 't.exponent') }} as voided_amount,
    tenders.tendered_amount::numeric(19, 4) as tendered_amount,
    tenders.tender_count::integer as tender_count,
    t.is_itemised,
    t.transaction_at,
    null::date as provider_business_date,
    t.created_at as pos_created_at,
    {{ this_batch() }}::bigint as _batch_id
from transactions as t
cross join lateral (
    {{ tender_sums('square') }}
) as tenders
left join {{ ref('int_square__customers') }} as customers
    on t.tenant_id = customers.tenant_id and t.customer_id = customers.customer_id
left join {{ ref('int_square__team_members') }} as cashiers
    on t.tenant_id = cashiers.tenant_id and t.team_member_id = cashiers.team_member_id
where t.exponent is not null
