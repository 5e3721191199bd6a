{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group']},
) }}

with touched as (
    {{ touched_groups('square') }}
),

orders as (
    select o.*
    from touched
    inner join {{ ref('int_square__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
),

payments as (
    select p.*
    from touched
    inner join {{ ref('int_square__payments') }} as p
        on touched.tenant_id = p.tenant_id and touched.transaction_group = p.transaction_group
    where p.status in ('COMPLETED', 'CANCELED')
),

-- The payment that speaks for the sale: a completed one before a canceled one, the largest first.
main_payments as (
    select distinct on (tenant_id, transaction_group) *
    from payments
    order by tenant_id, transaction_group, status = 'COMPLETED' desc, total_minor desc, payment_id
),

payment_sums as (
    select
        tenant_id,
        transaction_group,
        count(*) filter (where status = 'COMPLETED') as completed_count,
        count(*) filter (where status = 'CANCELED') as canceled_count,
        coalesce(sum(total_minor) filter (where status = 'COMPLETED'), 0) as completed_minor,
        coalesce(sum(tip_minor) filter (where status = 'COMPLETED'), 0) as completed_tip_minor,
        coalesce(sum(total_minor) filter (where status = 'CANCELED'), 0) as canceled_minor,
        min(created_at) filter (where status = 'COMPLETED') as paid_at,
        min(created_at) filter (where status = 'CANCELED') as canceled_at,
        min(offline_at) filter (where status = 'COMPLETED') as offline_at
    from payments
    group by tenant_id, transaction_group
),

tenders as (
    select
        t.tenant_id,
        t.pos_transaction_id,
        case when count(distinct t.payment_method) > 1 then 'split' else min(t.payment_method) end as payment_method,
        (array_agg(t.card_brand order by abs(t.amount) desc, t.pos_tender_id) filter (where t.card_brand is not null))[1]
            as card_brand,
        (
            array_agg(t.card_last_four order by abs(t.amount) desc, t.pos_tender_id)
            filter (where t.card_last_four is not null)
        )[1] as card_last_four,
        count(*) as tender_count,
        sum(t.amount) as tendered_amount
    from touched
    inner join {{ ref('int_square__transaction_tenders') }} as t
        on touched.tenant_id = t.tenant_id and touched.transaction_group = t.transaction_group
    group by t.tenant_id, t.pos_transaction_id
),

-- What a group is built from: its order when that was completed or fully paid; the payments alone while there is no
-- usable order. Nothing for an unpaid, draft or empty order, nor for a pure return, whose money is in its refunds.
settled as (
    select
        touched.tenant_id,
        touched.transaction_group,
        coalesce(orders.location_id, main_payments.location_id) as location_id,
        coalesce(main_payments.customer_id, orders.customer_id) as customer_id,
        main_payments.team_member_id,
        main_payments.device_name,
        main_payments.receipt_number,
        main_payments.buyer_email,
        main_payments.payment_method as main_payment_method,
        main_payments.card_brand as main_card_brand,
        main_payments.card_last_four as main_card_last_four,
        payment_sums.completed_count,
        payment_sums.completed_minor,
        payment_sums.completed_tip_minor,
        payment_sums.canceled_count,
        payment_sums.canceled_minor,
        payment_sums.offline_at,
        payment_sums.paid_at,
        payment_sums.canceled_at,
        main_payments.currency as payment_currency,
        main_payments.exponent as payment_exponent,
        orders.order_id,
        orders.state,
        coalesce(orders.is_usable, false) as is_usable,
        coalesce(orders.is_exchange, false) as is_exchange,
        orders.line_count,
        orders.currency as order_currency,
        orders.exponent as order_exponent,
        orders.total_minor,
        orders.tax_minor,
        orders.discount_minor,
        orders.tip_minor,
        orders.service_minor,
        orders.return_total_minor,
        orders.return_tax_minor,
        orders.return_discount_minor,
        orders.return_tip_minor,
        orders.return_service_minor,
        orders.closed_at,
        coalesce(orders.created_at, main_payments.created_at) as created_at,
        case
            when orders.is_return_only then null
            when orders.is_usable and orders.state = 'COMPLETED' then 'order'
            when
                orders.is_usable
                and orders.state = 'OPEN'
                and orders.return_count = 0
                and orders.due_minor = 0
                and payment_sums.completed_count > 0
                and payment_sums.completed_minor >= orders.total_minor
                then 'order'
            when
                payment_sums.completed_count > 0
                and (orders.order_id is null or not orders.is_usable or orders.state = 'CANCELED')
                then 'payments'
            when payment_sums.completed_count > 0 or orders.state = 'COMPLETED' then null
            when payment_sums.canceled_count > 0 or (orders.is_usable and orders.state = 'CANCELED') then 'void'
        end as built_from
    from touched
    left join orders
        on touched.tenant_id = orders.tenant_id and touched.transaction_group = orders.order_id
    left join main_payments
        on
            touched.tenant_id = main_payments.tenant_id
            and touched.transaction_group = main_payments.transaction_group
    left join payment_sums
        on
            touched.tenant_id = payment_sums.tenant_id
            and touched.transaction_group = payment_sums.transaction_group
),

sales as (
    select
        tenant_id,
        transaction_group,
        transaction_group as pos_transaction_id,
        null as original_transaction_id,
        location_id,
        customer_id,
        team_member_id,
        device_name,
        receipt_number,
        buyer_email,
        main_payment_method,
        main_card_brand,
        main_card_last_four,
        'sale' as transaction_type,
        case when built_from = 'order' then order_currency else payment_currency end as currency,
        case when built_from = 'order' then order_exponent else payment_exponent end as exponent,
        case when built_from = 'order' then total_minor else completed_minor end as total_minor,
        case when built_from = 'order' then tax_minor else 0 end as tax_minor,
        case when built_from = 'order' then discount_minor else 0 end as discount_minor,
        case when built_from = 'order' then service_minor else 0 end as service_minor,
        case when built_from = 'order' then tip_minor else completed_tip_minor end as tip_minor,
        0 as voided_minor,
        built_from = 'order' and line_count > 0 as is_itemised,
        coalesce(offline_at, case when built_from = 'order' then closed_at end, paid_at, created_at) as transaction_at,
        created_at
    from settled
    where built_from in ('order', 'payments')
),

voids as (
    select
        tenant_id,
        transaction_group,
        transaction_group as pos_transaction_id,
        null as original_transaction_id,
        location_id,
        customer_id,
        team_member_id,
        device_name,
        receipt_number,
        buyer_email,
        main_payment_method,
        main_card_brand,
        main_card_last_four,
        'void' as transaction_type,
        case when is_usable then order_currency else payment_currency end as currency,
        case when is_usable then order_exponent else payment_exponent end as exponent,
        0 as total_minor,
        0 as tax_minor,
        0 as discount_minor,
        0 as service_minor,
        0 as tip_minor,
        case when is_usable then total_minor else canceled_minor end as voided_minor,
        false as is_itemised,
        coalesce(canceled_at, created_at) as transaction_at,
        created_at
    from settled
    where built_from = 'void'
),

-- The returned half of an exchange. Refunds that point at the exchange are its payout and not counted again.
exchange_returns as (
    select
        sales.tenant_id,
        sales.transaction_group,
        sales.transaction_group || ':return' as pos_transaction_id,
        settled.transaction_group as original_transaction_id,
        sales.location_id,
        sales.customer_id,
        sales.team_member_id,
        sales.device_name,
        null as receipt_number,
        sales.buyer_email,
        sales.main_payment_method,
        sales.main_card_brand,
        sales.main_card_last_four,
        'refund' as transaction_type,
        sales.currency,
        sales.exponent,
        -settled.return_total_minor as total_minor,
        -settled.return_tax_minor as tax_minor,
        -settled.return_discount_minor as discount_minor,
        -settled.return_service_minor as service_minor,
        -settled.return_tip_minor as tip_minor,
        0 as voided_minor,
        true as is_itemised,
        sales.transaction_at,
        sales.created_at
    from sales
    inner join settled
        on sales.tenant_id = settled.tenant_id and sales.transaction_group = settled.transaction_group
    where settled.is_exchange
),

-- Several refunds may share one return order (a split tender paid back): each takes the part of the return between
-- what was paid back before it and after it, in the order of their ids.
refund_parts as (
    select
        r.*,
        orders.is_return_only,
        orders.return_tax_minor,
        orders.return_discount_minor,
        orders.return_tip_minor,
        orders.return_service_minor,
        nullif(orders.return_total_minor, 0) as returned_minor,
        orders.returns #>> '{0,source_order_id}' as source_order_id,
        sum(r.amount_minor) over (
            partition by r.tenant_id, r.transaction_group order by r.refund_id
        ) as reached_minor
    from touched
    inner join {{ ref('int_square__refunds') }} as r
        on touched.tenant_id = r.tenant_id and touched.transaction_group = r.transaction_group
    left join orders
        on r.tenant_id = orders.tenant_id and r.transaction_group = orders.order_id
    where r.status = 'COMPLETED' and not coalesce(orders.is_exchange, false)
),

refunds as (
    select
        refund_parts.tenant_id,
        refund_parts.transaction_group,
        refund_parts.refund_id as pos_transaction_id,
        coalesce(refund_parts.source_order_id, payment.transaction_group) as original_transaction_id,
        refund_parts.location_id,
        payment.customer_id,
        coalesce(refund_parts.team_member_id, payment.team_member_id) as team_member_id,
        payment.device_name,
        null as receipt_number,
        payment.buyer_email,
        null as main_payment_method,
        null as main_card_brand,
        null as main_card_last_four,
        'refund' as transaction_type,
        refund_parts.currency,
        refund_parts.exponent,
        -amount_minor as total_minor,
        -{{ share_of_return('return_tax_minor') }} as tax_minor,
        -{{ share_of_return('return_discount_minor') }} as discount_minor,
        -{{ share_of_return('return_service_minor') }} as service_minor,
        -{{ share_of_return('return_tip_minor') }} as tip_minor,
        0 as voided_minor,
        coalesce(is_return_only, false) as is_itemised,
        refund_parts.created_at as transaction_at,
        refund_parts.created_at
    from refund_parts
    left join {{ ref('int_square__payments') }} as payment
        on refund_parts.tenant_id = payment.tenant_id and refund_parts.payment_id = payment.payment_id
),

transactions as (
    select * from sales
    union all
    select * from voids
    union all
    select * from exchange_returns
    union all
    select * from refunds
)

select
    touched.tenant_id,
    touched.transaction_group,
    t.pos_transaction_id,
    t.original_transaction_id,
    coalesce(t.location_id, '') as location_id,
    t.transaction_type,
    t.currency,
    coalesce(tenders.payment_method, t.main_payment_method, 'other') as payment_method,
    coalesce(tenders.card_brand, t.main_card_brand) as card_brand,
    coalesce(tenders.card_last_four, t.main_card_last_four) as card_last_four,
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
    coalesce(tenders.tendered_amount, 0)::numeric(19, 4) as tendered_amount,
    coalesce(tenders.tender_count, 0)::integer as tender_count,
    t.is_itemised,
    t.transaction_at,
    null::date as provider_business_date,
    t.created_at as pos_created_at,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join transactions as t
    on
        touched.tenant_id = t.tenant_id
        and touched.transaction_group = t.transaction_group
        and t.exponent is not null
left join tenders
    on t.tenant_id = tenders.tenant_id and t.pos_transaction_id = tenders.pos_transaction_id
left join {{ ref('int_square__customers') }} as customers
    on t.tenant_id = customers.tenant_id and t.customer_id = customers.customer_id
left join {{ ref('int_square__team_members') }} as cashiers
    on t.tenant_id = cashiers.tenant_id and t.team_member_id = cashiers.team_member_id
