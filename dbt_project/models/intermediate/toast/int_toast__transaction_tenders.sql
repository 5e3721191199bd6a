{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

-- What went into gift cards is taken off every payment of the check by its share, so that tenders make the revenue.
paid as (
    select
        checks.tenant_id,
        checks.transaction_group,
        checks.check_id as pos_transaction_id,
        checks.currency,
        checks.exponent,
        checks.deferred_amount,
        payments.payment_id,
        payments.payment_method,
        payments.card_brand,
        payments.card_last_four,
        payments.amount,
        payments.tip_amount,
        coalesce(payments.paid_at, checks.transaction_at) as tendered_at,
        nullif(checks.paid_amount, 0) as paid_amount,
        greatest(payments.amount, 0) as weight_amount,
        sum(greatest(payments.amount, 0)) over (
            partition by checks.tenant_id, checks.check_id order by payments.payment_id
        ) as reached_amount
    from touched
    inner join {{ ref('int_toast__checks') }} as checks
        on touched.tenant_id = checks.tenant_id and touched.transaction_group = checks.transaction_group
    inner join {{ ref('int_toast__check_payments') }} as payments
        on
            checks.tenant_id = payments.tenant_id
            and checks.transaction_group = payments.transaction_group
            and checks.check_number = payments.check_number
    where checks.becomes = 'sale' and payments.is_countable
),

given_back as (
    select
        refunds.*,
        checks.currency,
        checks.exponent,
        payments.payment_method,
        payments.card_brand,
        payments.card_last_four
    from touched
    inner join {{ ref('int_toast__refunds') }} as refunds
        on touched.tenant_id = refunds.tenant_id and touched.transaction_group = refunds.transaction_group
    inner join {{ ref('int_toast__checks') }} as checks
        on
            refunds.tenant_id = checks.tenant_id
            and refunds.transaction_group = checks.transaction_group
            and refunds.check_number = checks.check_number
    inner join {{ ref('int_toast__check_payments') }} as payments
        on
            refunds.tenant_id = payments.tenant_id
            and refunds.transaction_group = payments.transaction_group
            and refunds.payment_id = payments.payment_id
),

tenders as (
    select
        tenant_id,
        transaction_group,
        pos_transaction_id,
        payment_id as pos_tender_id,
        payment_method,
        card_brand,
        card_last_four,
        currency,
        exponent,
        amount + tip_amount - coalesce(
            round(deferred_amount * reached_amount / paid_amount, exponent)
            - round(deferred_amount * (reached_amount - weight_amount) / paid_amount, exponent),
            0
        ) as amount,
        tip_amount,
        tendered_at
    from paid
    union all
    select
        tenant_id,
        transaction_group,
        pos_transaction_id,
        pos_transaction_id as pos_tender_id,
        payment_method,
        card_brand,
        card_last_four,
        currency,
        exponent,
        -total_amount as amount,
        -tip_amount as tip_amount,
        refund_at as tendered_at
    from given_back
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
    amount::numeric(19, 4) as amount,
    tip_amount::numeric(19, 4) as tip_amount,
    tendered_at,
    {{ this_batch() }}::bigint as _batch_id
from tenders
where exponent is not null
