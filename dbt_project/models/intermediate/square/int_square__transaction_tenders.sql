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
),

refunds as (
    select r.*
    from touched
    inner join {{ ref('int_square__refunds') }} as r
        on touched.tenant_id = r.tenant_id and touched.transaction_group = r.transaction_group
),

paid as (
    select
        tenant_id,
        transaction_group,
        transaction_group as pos_transaction_id,
        payment_id as pos_tender_id,
        payment_method,
        card_brand,
        card_last_four,
        currency,
        exponent,
        total_minor as amount_minor,
        tip_minor,
        created_at as tendered_at
    from payments
    where status = 'COMPLETED'
),

-- An order names its tenders before their payments are seen, and some old payments are never listed at all.
announced as (
    select
        orders.tenant_id,
        orders.order_id as transaction_group,
        orders.order_id as pos_transaction_id,
        coalesce(tender ->> 'payment_id', tender ->> 'id') as pos_tender_id,
        {{ square_payment_method("(tender ->> 'type')", "(tender -> 'card_details')") }} as payment_method,
        tender #>> '{card_details,card,card_brand}' as card_brand,
        tender #>> '{card_details,card,last_4}' as card_last_four,
        orders.currency,
        orders.exponent,
        {{ minor_or_zero("(tender -> 'amount_money')") }} as amount_minor,
        {{ minor_or_zero("(tender -> 'tip_money')") }} as tip_minor,
        {{ instant("(tender ->> 'created_at')") }} as tendered_at
    from orders
    cross join lateral jsonb_array_elements(orders.tenders) as tender
    where
        tender ->> 'type' is distinct from 'NO_SALE'
        and coalesce(tender ->> 'payment_id', tender ->> 'id') is not null
        and not exists (
            select 1
            from {{ ref('int_square__payments') }} as p
            where
                p.tenant_id = orders.tenant_id
                and p.payment_id = coalesce(tender ->> 'payment_id', tender ->> 'id')
        )
),

given_back as (
    select
        refunds.tenant_id,
        refunds.transaction_group,
        case when orders.is_exchange then orders.order_id || ':return' else refunds.refund_id end as pos_transaction_id,
        refunds.refund_id as pos_tender_id,
        coalesce(payment.payment_method, refunds.payment_method, 'other') as payment_method,
        coalesce(refunds.card_brand, payment.card_brand) as card_brand,
        coalesce(refunds.card_last_four, payment.card_last_four) as card_last_four,
        refunds.currency,
        refunds.exponent,
        -refunds.amount_minor as amount_minor,
        0 as tip_minor,
        refunds.created_at as tendered_at
    from refunds
    left join orders
        on refunds.tenant_id = orders.tenant_id and refunds.transaction_group = orders.order_id
    left join {{ ref('int_square__payments') }} as payment
        on refunds.tenant_id = payment.tenant_id and refunds.payment_id = payment.payment_id
    where refunds.status = 'COMPLETED'
),

tenders as (
    select * from paid
    union all
    select * from announced
    union all
    select * from given_back
)

select
    touched.tenant_id,
    touched.transaction_group,
    tenders.pos_transaction_id,
    tenders.pos_tender_id,
    tenders.payment_method,
    tenders.card_brand,
    tenders.card_last_four,
    tenders.currency,
    {{ money('tenders.amount_minor', 'tenders.exponent') }} as amount,
    {{ money('tenders.tip_minor', 'tenders.exponent') }} as tip_amount,
    tenders.tendered_at,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join tenders
    on
        touched.tenant_id = tenders.tenant_id
        and touched.transaction_group = tenders.transaction_group
        and tenders.exponent is not null
