{{ config(
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

-- Payments as the order shows them. One that another order holds too is left to the better claim.
shown as (
    select distinct on (touched.tenant_id, touched.transaction_group, p.guid)
        touched.tenant_id,
        touched.transaction_group,
        checks.position as check_number,
        p.guid as payment_id,
        nullif(p.server ->> 'guid', '') as employee_id,
        p.type,
        p."cardEntryMode" as entry_mode,
        p."cardType" as card_type,
        p."last4Digits" as last_four,
        upper(p."paymentStatus") as status,
        {{ toast_amount('p.amount') }} as amount,
        {{ toast_amount('p."tipAmount"') }} as tip_amount,
        {{ toast_instant('p."paidDate"') }} as paid_at,
        case when jsonb_typeof(p.refund) = 'object' then p.refund end as refund,
        case when jsonb_typeof(p."voidInfo") = 'object' then p."voidInfo" end as void_info
    from touched
    inner join {{ ref('int_toast__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    cross join lateral jsonb_array_elements(o.checks) with ordinality as checks (body, position)
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("checks.body -> 'payments'") }}
    ) with ordinality as listed (body, position)
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(listed.body) = 'object' then listed.body else '{}' end
    ) as p (
        guid text,
        server jsonb,
        type text,
        "cardEntryMode" text,
        "cardType" text,
        "last4Digits" text,
        "paymentStatus" text,
        amount text,
        "tipAmount" text,
        "paidDate" text,
        refund jsonb,
        "voidInfo" jsonb
    )
    where
        p.guid <> ''
        and not {{ held_elsewhere(
            'p.guid', "(o.is_deleted or coalesce(checks.body -> 'deleted' = 'true'::jsonb, false))"
        ) }}
    order by touched.tenant_id, touched.transaction_group, p.guid, checks.position, listed.position
),

-- What the payment was seen to be by itself wins where it knows more: a refund or void need not change its order.
overlaid as (
    select
        shown.*,
        coalesce(shown.void_info, alone.void_info) as voided_with,
        coalesce(shown.status = 'VOIDED', false) or shown.void_info is not null or coalesce(alone.is_voided, false)
            as is_voided,
        case when later.is_alone then alone.refund else shown.refund end as given_back
    from shown
    left join {{ ref('int_toast__payments') }} as alone
        on
            shown.tenant_id = alone.tenant_id
            and shown.payment_id = alone.payment_id
            and shown.transaction_group = alone.order_id
    cross join lateral (
        select
            {{ toast_amount("(alone.refund ->> 'refundAmount')") }}
            + {{ toast_amount("(alone.refund ->> 'tipRefundAmount')") }}
            > {{ toast_amount("(shown.refund ->> 'refundAmount')") }}
            + {{ toast_amount("(shown.refund ->> 'tipRefundAmount')") }}
            as is_alone
    ) as later
)

select
    tenant_id,
    transaction_group,
    check_number::integer as check_number,
    payment_id,
    employee_id,
    {{ toast_payment_method('type', 'entry_mode') }} as payment_method,
    {{ card_brand('card_type') }} as card_brand,
    nullif(last_four, '') as card_last_four,
    nullif(given_back #>> '{refundTransaction,guid}', '') as refund_id,
    amount::numeric(19, 4) as amount,
    tip_amount::numeric(19, 4) as tip_amount,
    greatest({{ toast_amount("(given_back ->> 'refundAmount')") }}, 0)::numeric(19, 4) as refund_amount,
    greatest({{ toast_amount("(given_back ->> 'tipRefundAmount')") }}, 0)::numeric(19, 4) as refund_tip_amount,
    is_voided,
    not is_voided
    and coalesce(
        status not in ('VOIDED_AT_RISK', 'DENIED', 'CANCELLED', 'ERROR', 'ERROR_NETWORK', 'PROCESSING_VOID'), true
    ) as is_countable,
    {{ calendar_day("(voided_with ->> 'voidBusinessDate')") }} as void_business_date,
    {{ calendar_day("(given_back ->> 'refundBusinessDate')") }} as refund_business_date,
    paid_at,
    {{ toast_instant("(voided_with ->> 'voidDate')") }} as void_at,
    {{ toast_instant("(given_back ->> 'refundDate')") }} as refund_at,
    {{ this_batch() }}::bigint as _batch_id
from overlaid
