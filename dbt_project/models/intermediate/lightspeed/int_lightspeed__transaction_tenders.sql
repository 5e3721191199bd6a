{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'lightspeed'},
) }}

with touched as materialized (
    {{ touched_groups('lightspeed') }}
),

sales as (
    {{ lightspeed_settled('sale') }}
),

payments as (
    select
        s.tenant_id,
        s.sale_id,
        payment.*
    from sales as s
    inner join {{ ref('int_lightspeed__sales') }} as listed
        on s.tenant_id = listed.tenant_id and s.sale_id = listed.sale_id
    cross join lateral ({{ lightspeed_known_payments('listed') }}) as payment
),

-- Cash comes as what was handed over and, below zero, the change: one tender is what a payment type (and card) kept.
paid as (
    select
        tenant_id,
        sale_id,
        concat(sale_id, ':', row_number() over (partition by tenant_id, sale_id order by kind, card_last_four))
            as pos_tender_id,
        min(payment_method) as payment_method,
        min(card_brand) as card_brand,
        card_last_four,
        sum(amount) as amount,
        min(tendered_at) as tendered_at
    from payments
    group by tenant_id, sale_id, kind, card_last_four
),

-- A sale on account is a sale: what nobody has paid yet is owed.
owed as (
    select
        s.tenant_id,
        s.sale_id,
        s.sale_id || ':on_account' as pos_tender_id,
        'on_account' as payment_method,
        null::text as card_brand,
        null::text as card_last_four,
        round(s.total_amount, s.exponent)
        - coalesce((
            select sum(round(p.amount, s.exponent))
            from paid as p
            where p.tenant_id = s.tenant_id and p.sale_id = s.sale_id
        ), 0) as amount,
        s.sold_at as tendered_at
    from sales as s
    where s.is_on_account
),

tenders as (
    select * from paid
    union all
    select * from owed
),

-- A tip is said of the sale, not of a payment: it is shown with the largest.
ordered as (
    select
        tenders.*,
        s.currency,
        s.exponent,
        s.tip_amount as sale_tip_amount,
        round(tenders.amount, s.exponent) as taken_amount,
        sum(round(tenders.amount, s.exponent)) over sale as taken_in_all,
        sum(round(tenders.amount, s.exponent)) over (
            partition by tenders.tenant_id, tenders.sale_id order by tenders.pos_tender_id
        ) as reached_amount,
        row_number() over (
            partition by tenders.tenant_id, tenders.sale_id order by abs(tenders.amount) desc, tenders.pos_tender_id
        ) = 1 as has_tip,
        coalesce((
            select sum(lines.deferred_amount)
            from {{ ref('int_lightspeed__sale_lines') }} as lines
            where lines.tenant_id = s.tenant_id and lines.transaction_group = s.sale_id
        ), 0) as deferred_amount
    from tenders
    inner join sales as s on tenders.tenant_id = s.tenant_id and tenders.sale_id = s.sale_id
    where round(tenders.amount, s.exponent) <> 0
    window sale as (partition by tenders.tenant_id, tenders.sale_id)
),

-- What went into gift cards is taken off every tender by its share, so that tenders make the revenue.
shared as (
    select
        *,
        case
            when deferred_amount = 0 or taken_in_all = 0 then 0
            else coalesce(round({{ bounded('deferred_amount * reached_amount / taken_in_all') }}, exponent), 0)
        end as reached_deferred_amount,
        case
            when deferred_amount = 0 or taken_in_all = 0 then 0
            else coalesce(
                round({{ bounded('deferred_amount * (reached_amount - taken_amount) / taken_in_all') }}, exponent), 0
            )
        end as begun_deferred_amount
    from ordered
)

select
    tenant_id,
    sale_id as transaction_group,
    sale_id as pos_transaction_id,
    pos_tender_id,
    payment_method,
    card_brand,
    card_last_four,
    currency,
    (taken_amount - reached_deferred_amount + begun_deferred_amount)::numeric(19, 4) as amount,
    case when has_tip then round(sale_tip_amount, exponent) else 0 end::numeric(19, 4) as tip_amount,
    tendered_at,
    {{ this_batch() }}::bigint as _batch_id
from shared
