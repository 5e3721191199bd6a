{{ config(
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

given_back as (
    select
        checks.tenant_id,
        checks.transaction_group,
        checks.check_number,
        checks.check_id,
        checks.deferred_amount,
        checks.paid_amount,
        checks.tax_amount as check_tax_amount,
        coalesce(checks.exponent, 2) as share_decimals,
        payments.payment_id,
        payments.refund_id,
        payments.refund_amount as money_amount,
        payments.refund_tip_amount,
        payments.refund_business_date,
        coalesce(payments.refund_at, checks.transaction_at) as refund_at
    from touched
    inner join {{ ref('int_toast__checks') }} as checks
        on touched.tenant_id = checks.tenant_id and touched.transaction_group = checks.transaction_group
    inner join {{ ref('int_toast__check_payments') }} as payments
        on
            checks.tenant_id = payments.tenant_id
            and checks.transaction_group = payments.transaction_group
            and checks.check_number = payments.check_number
    where checks.becomes = 'sale' and payments.is_countable and payments.refund_amount + payments.refund_tip_amount > 0
),

-- All the money of a check, and no line that says what for: then it is for all of them.
named as (
    select
        given_back.*,
        whole.is_whole,
        case when whole.is_whole then '' else coalesce(given_back.refund_id, '') end as transaction_id
    from (
        select
            *,
            sum(money_amount) over (partition by tenant_id, transaction_group, check_number) as check_amount
        from given_back
    ) as given_back
    cross join lateral (
        select
            given_back.check_amount = given_back.paid_amount
            and not exists (
                select 1
                from {{ ref('int_toast__check_lines') }} as l
                where
                    l.tenant_id = given_back.tenant_id
                    and l.transaction_group = given_back.transaction_group
                    and l.check_number = given_back.check_number
                    and l.refund_amount + l.refund_tax_amount > 0
            ) as is_whole
    ) as whole
),

-- Payments given back by one refund transaction share its lines in the order of their ids.
together as (
    select
        tenant_id,
        transaction_group,
        check_number,
        check_id,
        payment_id,
        transaction_id as refund_id,
        deferred_amount,
        paid_amount,
        check_tax_amount,
        share_decimals,
        money_amount,
        refund_tip_amount,
        is_whole,
        refund_business_date,
        refund_at,
        jsonb_agg(transaction_id) over same_check as check_refund_ids,
        min(transaction_id) over same_check = transaction_id as takes_strays,
        sum(money_amount) over same_refund as together_amount,
        sum(money_amount) over (same_refund order by payment_id) as reached_amount
    from named
    window
        same_check as (partition by tenant_id, transaction_group, check_number),
        same_refund as (partition by tenant_id, transaction_group, check_number, transaction_id)
),

summed as (
    select
        together.*,
        lines.*
    from together
    cross join lateral (
        select
            count(*) filter (where l.line_class in ('item', 'deferred') or not together.is_whole) as line_count,
            case
                when together.is_whole then together.check_tax_amount
                else coalesce(sum(l.refund_tax_amount) filter (where l.line_class <> 'deferred'), 0)
            end as lines_tax,
            coalesce(
                sum((l.gross_amount - l.net_amount) * {{ refunded_part('together', 'l') }})
                filter (where l.line_class = 'item'),
                0
            ) as lines_discount,
            coalesce(sum({{ refunded_net('together', 'l') }}) filter (where l.line_class = 'service'), 0)
                as lines_service,
            coalesce(sum({{ refunded_net('together', 'l') }}) filter (where l.line_class = 'gratuity'), 0)
                as lines_gratuity,
            coalesce(
                sum({{ refunded_net('together', 'l') }} + {{ refunded_tax('together', 'l') }})
                filter (where l.line_class = 'deferred'),
                0
            ) as lines_deferred
        from {{ ref('int_toast__check_lines') }} as l
        where
            l.tenant_id = together.tenant_id
            and l.transaction_group = together.transaction_group
            and l.check_number = together.check_number
            and {{ refund_takes('together', 'l') }}
    ) as lines
),

-- Without lines nobody says what was given back: of a gift card's money the refund takes its share.
shared as (
    select
        *,
        {{ share_of_refund('lines_tax') }} as tax_amount,
        {{ share_of_refund('lines_discount') }} as discount_amount,
        {{ share_of_refund('lines_service') }} as service_charge_amount,
        {{ share_of_refund('lines_gratuity') }} + refund_tip_amount as tip_amount,
        least(
            case
                when line_count > 0 then {{ share_of_refund('lines_deferred') }}
                else coalesce(round(money_amount * deferred_amount / nullif(paid_amount, 0), share_decimals), 0)
            end,
            money_amount
        ) as deferred_amount_back
    from summed
)

select
    tenant_id,
    transaction_group,
    check_number,
    check_id,
    payment_id,
    payment_id || ':refund' as pos_transaction_id,
    refund_id,
    check_refund_ids,
    takes_strays,
    is_whole,
    line_count > 0 as is_itemised,
    share_decimals::integer as share_decimals,
    money_amount::numeric(19, 4) as money_amount,
    reached_amount::numeric(19, 4) as reached_amount,
    together_amount::numeric(19, 4) as together_amount,
    tax_amount::numeric(19, 4) as tax_amount,
    discount_amount::numeric(19, 4) as discount_amount,
    service_charge_amount::numeric(19, 4) as service_charge_amount,
    tip_amount::numeric(19, 4) as tip_amount,
    (money_amount + refund_tip_amount - deferred_amount_back)::numeric(19, 4) as total_amount,
    refund_business_date,
    refund_at,
    {{ this_batch() }}::bigint as _batch_id
from shared
