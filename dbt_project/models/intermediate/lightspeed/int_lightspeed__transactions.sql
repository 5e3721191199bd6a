{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'lightspeed'},
) }}

with touched as materialized (
    {{ touched_groups('lightspeed') }}
),

-- What the lines of each transaction come to; the returned half of an exchange is only what its lines say.
sides as (
    select
        lines.tenant_id,
        lines.transaction_group,
        sum(lines.line_total) filter (where lines.pos_transaction_id <> lines.transaction_group) as back_amount,
        sum(lines.tax_amount) filter (where lines.pos_transaction_id <> lines.transaction_group) as back_tax_amount,
        sum(lines.discount_amount) filter (where lines.pos_transaction_id <> lines.transaction_group)
            as back_discount_amount,
        sum(lines.discount_amount) filter (where lines.pos_transaction_id = lines.transaction_group)
            as discount_amount,
        sum(lines.deferred_amount) as deferred_amount,
        sum(lines.deferred_tax_amount) as deferred_tax_amount,
        bool_and(lines.is_returned) filter (where lines.line_type <> 'adjustment') as is_all_returned
    from touched
    inner join {{ ref('int_lightspeed__sale_lines') }} as lines
        on touched.tenant_id = lines.tenant_id and touched.transaction_group = lines.transaction_group
    group by lines.tenant_id, lines.transaction_group
),

settled as (
    select
        s.*,
        round(s.total_amount, s.exponent) as header_amount,
        round(s.total_amount, s.exponent) - coalesce(sides.deferred_amount, 0) as kept_amount,
        round(s.tax_amount, s.exponent) - coalesce(sides.deferred_tax_amount, 0) as kept_tax_amount,
        round(s.service_amount, s.exponent) as kept_service_amount,
        round(s.tip_amount, s.exponent) as kept_tip_amount,
        coalesce(sides.discount_amount, 0) as kept_discount_amount,
        sides.back_amount,
        sides.back_tax_amount,
        sides.back_discount_amount,
        coalesce(sides.is_all_returned, false) as is_all_returned
    from ({{ lightspeed_settled() }}) as s
    left join sides on s.tenant_id = sides.tenant_id and s.sale_id = sides.transaction_group
),

-- One transaction per sale, or two for an exchange: money below zero is a refund whatever it is called, and a sale
-- of nothing is one when all of it came back.
transactions as (
    select
        settled.tenant_id,
        settled.sale_id,
        settled.location_id,
        settled.currency,
        settled.outcome,
        settled.original_sale_id,
        settled.user_id,
        settled.customer_id,
        settled.register_id,
        settled.receipt_number,
        settled.line_count,
        settled.sold_at,
        settled.created_at,
        t.*
    from settled
    cross join lateral (
        select
            sale_id as pos_transaction_id,
            case
                when kept_amount < 0 then 'refund'
                when kept_amount = 0 and (is_all_returned or original_sale_id is not null) then 'refund'
                else 'sale'
            end as transaction_type,
            kept_amount as total_amount,
            kept_tax_amount as tax_amount,
            kept_discount_amount as discount_amount,
            kept_service_amount as service_amount,
            kept_tip_amount as tip_amount,
            0::numeric as voided_amount
        where outcome = 'sale' and back_amount is null
        union all
        select
            sale_id as pos_transaction_id,
            'sale' as transaction_type,
            kept_amount - back_amount as total_amount,
            kept_tax_amount - back_tax_amount as tax_amount,
            kept_discount_amount as discount_amount,
            kept_service_amount as service_amount,
            kept_tip_amount as tip_amount,
            0 as voided_amount
        where outcome = 'sale' and back_amount is not null
        union all
        select
            sale_id || ':return' as pos_transaction_id,
            'refund' as transaction_type,
            back_amount as total_amount,
            back_tax_amount as tax_amount,
            back_discount_amount as discount_amount,
            0 as service_amount,
            0 as tip_amount,
            0 as voided_amount
        where outcome = 'sale' and back_amount is not null
        union all
        select
            sale_id as pos_transaction_id,
            'void' as transaction_type,
            0 as total_amount,
            0 as tax_amount,
            0 as discount_amount,
            0 as service_amount,
            0 as tip_amount,
            header_amount as voided_amount
        where outcome = 'void'
    ) as t
)

select
    t.tenant_id,
    t.sale_id as transaction_group,
    t.pos_transaction_id,
    case when t.transaction_type = 'refund' then t.original_sale_id end as original_transaction_id,
    t.location_id,
    t.transaction_type,
    t.currency,
    coalesce(tenders.payment_method, voided.payment_method, 'other') as payment_method,
    coalesce(tenders.card_brand, voided.card_brand) as card_brand,
    coalesce(tenders.card_last_four, voided.card_last_four) as card_last_four,
    case when customers.is_walk_in then null else t.customer_id end as customer_id,
    case when customers.is_walk_in then null else customers.customer_name end as customer_name,
    case when customers.is_walk_in then null else customers.customer_email end as customer_email,
    case when customers.is_walk_in then null else customers.customer_phone end as customer_phone,
    t.user_id as cashier_id,
    users.cashier_name,
    registers.register_name as device_name,
    t.receipt_number,
    (t.total_amount - t.tax_amount + t.discount_amount - t.service_amount - t.tip_amount)::numeric(19, 4) as subtotal,
    t.tax_amount::numeric(19, 4) as tax_amount,
    t.discount_amount::numeric(19, 4) as discount_amount,
    t.service_amount::numeric(19, 4) as service_charge_amount,
    t.tip_amount::numeric(19, 4) as tip_amount,
    t.total_amount::numeric(19, 4) as total_amount,
    t.voided_amount::numeric(19, 4) as voided_amount,
    case when t.pos_transaction_id = t.sale_id then tenders.tendered_amount else 0 end::numeric(19, 4)
        as tendered_amount,
    case when t.pos_transaction_id = t.sale_id then tenders.tender_count else 0 end::integer as tender_count,
    t.outcome = 'sale' and t.line_count > 0 as is_itemised,
    t.sold_at as transaction_at,
    null::date as provider_business_date,
    t.created_at as pos_created_at,
    {{ this_batch() }}::bigint as _batch_id
from transactions as t
-- The halves of an exchange are paid together, so both say how.
cross join lateral (
    select
        case when count(distinct d.payment_method) > 1 then 'split' else min(d.payment_method) end as payment_method,
        (
            array_agg(d.card_brand order by abs(d.amount) desc, d.pos_tender_id)
            filter (where d.card_brand is not null)
        )[1] as card_brand,
        (
            array_agg(d.card_last_four order by abs(d.amount) desc, d.pos_tender_id)
            filter (where d.card_last_four is not null)
        )[1] as card_last_four,
        count(*) as tender_count,
        coalesce(sum(d.amount), 0) as tendered_amount
    from {{ ref('int_lightspeed__transaction_tenders') }} as d
    where d.tenant_id = t.tenant_id and d.transaction_group = t.sale_id
) as tenders
left join lateral (
    select
        payment.payment_method,
        payment.card_brand,
        payment.card_last_four
    from {{ ref('int_lightspeed__sales') }} as listed
    cross join lateral ({{ lightspeed_known_payments('listed') }}) as payment
    where t.outcome = 'void' and listed.tenant_id = t.tenant_id and listed.sale_id = t.sale_id
    order by abs(payment.amount) desc, payment.payment_number
    limit 1
) as voided on true
left join {{ ref('int_lightspeed__customers') }} as customers
    on t.tenant_id = customers.tenant_id and t.customer_id = customers.customer_id
left join {{ ref('int_lightspeed__users') }} as users
    on t.tenant_id = users.tenant_id and t.user_id = users.user_id
left join {{ ref('int_lightspeed__registers') }} as registers
    on t.tenant_id = registers.tenant_id and t.register_id = registers.register_id
