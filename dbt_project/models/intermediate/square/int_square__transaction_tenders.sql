{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'square'},
) }}

with touched as materialized (
    {{ touched_groups('square') }}
),

paid as (
    select
        p.tenant_id,
        p.transaction_group,
        p.transaction_group as pos_transaction_id,
        p.payment_id as pos_tender_id,
        p.payment_method,
        p.card_brand,
        p.card_last_four,
        p.currency,
        p.exponent,
        p.total_minor as amount_minor,
        p.tip_minor,
        p.created_at as tendered_at
    from touched
    inner join {{ ref('int_square__payments') }} as p
        on touched.tenant_id = p.tenant_id and touched.transaction_group = p.transaction_group
    where p.status = 'COMPLETED'
),

-- An order names its tenders before their payments are seen, and some old payments are never listed at all.
announced as (
    select
        o.tenant_id,
        o.order_id as transaction_group,
        o.order_id as pos_transaction_id,
        coalesce(tender ->> 'payment_id', tender ->> 'id') as pos_tender_id,
        {{ square_payment_method("(tender ->> 'type')", "(tender -> 'card_details')") }} as payment_method,
        {{ card_brand("(tender #>> '{card_details,card,card_brand}')") }} as card_brand,
        tender #>> '{card_details,card,last_4}' as card_last_four,
        o.currency,
        o.exponent,
        {{ minor_or_zero("(tender -> 'amount_money')") }} as amount_minor,
        {{ minor_or_zero("(tender -> 'tip_money')") }} as tip_minor,
        {{ instant("(tender ->> 'created_at')") }} as tendered_at
    from touched
    inner join {{ ref('int_square__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    cross join lateral jsonb_array_elements(o.tenders) as tender
    where
        tender ->> 'type' is distinct from 'NO_SALE'
        and coalesce(tender ->> 'payment_id', tender ->> 'id') is not null
        and not exists (
            select 1
            from {{ ref('int_square__payments') }} as p
            where
                p.tenant_id = o.tenant_id
                and p.payment_id = coalesce(tender ->> 'payment_id', tender ->> 'id')
        )
),

given_back as (
    select
        r.tenant_id,
        r.transaction_group,
        case when o.is_exchange then o.order_id || ':return' else r.refund_id end as pos_transaction_id,
        r.refund_id as pos_tender_id,
        coalesce(payment.payment_method, r.payment_method, 'other') as payment_method,
        coalesce(r.card_brand, payment.card_brand) as card_brand,
        coalesce(r.card_last_four, payment.card_last_four) as card_last_four,
        r.currency,
        r.exponent,
        -r.amount_minor as amount_minor,
        0 as tip_minor,
        r.created_at as tendered_at
    from touched
    inner join {{ ref('int_square__refunds') }} as r
        on touched.tenant_id = r.tenant_id and touched.transaction_group = r.transaction_group
    left join {{ ref('int_square__orders') }} as o
        on r.tenant_id = o.tenant_id and r.transaction_group = o.order_id
    left join {{ ref('int_square__payments') }} as payment
        on r.tenant_id = payment.tenant_id and r.payment_id = payment.payment_id
    where r.status = 'COMPLETED'
),

tenders as (
    select * from paid
    union all
    select * from announced
    union all
    select * from given_back
)

select
    tenant_id,
    transaction_group,
    pos_transaction_id,
    pos_tender_id,
    payment_method,
    card_brand,
    card_last_four,
    currency,
    {{ money('amount_minor', 'exponent') }} as amount,
    {{ money('tip_minor', 'exponent') }} as tip_amount,
    tendered_at,
    {{ this_batch() }}::bigint as _batch_id
from tenders
where exponent is not null
