{{ config(
    indexes=[{'columns': ['is_unreadable']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

-- Checks that may come to something, each once: a check that another order holds too is left to the better claim.
held as (
    select distinct on (touched.tenant_id, check_id)
        touched.tenant_id,
        touched.transaction_group,
        checks.position::integer as check_number,
        coalesce(nullif(c.guid, ''), o.order_id || ':' || checks.position) as check_id,
        o.location_id,
        coalesce(nullif(c."openedBy" ->> 'guid', ''), o.employee_id) as employee_id,
        coalesce(nullif(trim(c."displayNumber"), ''), o.receipt_number) as receipt_number,
        nullif(c.customer ->> 'guid', '') as customer_id,
        nullif(trim(concat_ws(' ', c.customer ->> 'firstName', c.customer ->> 'lastName')), '') as customer_name,
        nullif(c.customer ->> 'email', '') as customer_email,
        nullif(c.customer ->> 'phone', '') as customer_phone,
        upper(c."paymentStatus") as status,
        o.is_voided or coalesce(c.voided = 'true'::jsonb, false) or coalesce(upper(c."paymentStatus") = 'VOIDED', false)
            as is_voided,
        nullif(c.guid, '') is null as is_nameless,
        round({{ decimal_amount('c."totalAmount"') }}, 4) as given_total,
        round({{ decimal_amount('c.amount') }}, 4) as net_amount,
        {{ toast_amount('c."taxAmount"') }} as tax_amount,
        o.business_date,
        coalesce({{ calendar_day('c."voidBusinessDate"') }}, o.void_business_date) as void_business_date,
        coalesce({{ toast_instant('c."createdDate"') }}, {{ toast_instant('c."openedDate"') }}, o.created_at)
            as created_at,
        coalesce({{ toast_instant('c."paidDate"') }}, {{ toast_instant('c."closedDate"') }}, o.paid_at) as paid_at,
        coalesce({{ toast_instant('c."voidDate"') }}, o.void_at) as void_at
    from touched
    inner join {{ ref('int_toast__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    cross join lateral jsonb_array_elements(o.checks) with ordinality as checks (body, position)
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(checks.body) = 'object' then checks.body else '{}' end
    ) as c (
        guid text,
        "displayNumber" text,
        "paymentStatus" text,
        "openedBy" jsonb,
        customer jsonb,
        deleted jsonb,
        voided jsonb,
        amount text,
        "taxAmount" text,
        "totalAmount" text,
        "voidBusinessDate" text,
        "createdDate" text,
        "openedDate" text,
        "paidDate" text,
        "closedDate" text,
        "voidDate" text
    )
    where
        o.is_sale
        and not o.is_deleted
        and c.deleted is distinct from 'true'::jsonb
        and not {{ held_elsewhere('c.guid', 'false') }}
    order by touched.tenant_id, check_id, touched.transaction_group, checks.position
),

summed as (
    select
        held.*,
        places.currency,
        places.exponent,
        lines.*,
        paid.*,
        coalesce(held.given_total - held.net_amount - held.tax_amount >= lines.gratuity_amount, false)
            as contains_gratuity
    from held
    left join {{ ref('int_toast__places') }} as places
        on held.tenant_id = places.tenant_id and held.location_id = places.location_id
    cross join lateral (
        select
            coalesce(sum(l.gross_amount - l.net_amount) filter (where l.line_class = 'item'), 0) as discount_amount,
            coalesce(sum(l.net_amount) filter (where l.line_class = 'service'), 0) as service_amount,
            coalesce(sum(l.net_amount) filter (where l.line_class = 'gratuity'), 0) as gratuity_amount,
            coalesce(sum(l.net_amount + l.tax_amount) filter (where l.line_class = 'deferred'), 0) as deferred_amount,
            coalesce(sum(l.tax_amount) filter (where l.line_class = 'deferred'), 0) as deferred_tax_amount,
            coalesce(
                sum(l.net_amount + l.tax_amount) filter (where l.line_class in ('item', 'deferred', 'voided')), 0
            ) as face_amount,
            count(*) filter (where l.line_class in ('item', 'deferred')) as line_count
        from {{ ref('int_toast__check_lines') }} as l
        where
            l.tenant_id = held.tenant_id
            and l.transaction_group = held.transaction_group
            and l.check_number = held.check_number
    ) as lines
    cross join lateral (
        select
            coalesce(sum(greatest(p.amount, 0)) filter (where p.is_countable), 0) as paid_amount,
            coalesce(sum(p.tip_amount) filter (where p.is_countable), 0) as payment_tip_amount,
            coalesce(sum(p.amount) filter (where p.is_voided), 0) as unpaid_amount,
            count(*) filter (where p.is_countable) as payment_count,
            count(*) filter (where p.is_voided) as voided_payment_count,
            min(p.void_at) as payment_void_at,
            min(p.void_business_date) as payment_void_business_date,
            max(p.employee_id) filter (where p.place = 1) as taker_id,
            max(p.payment_method) filter (where p.place = 1) as payment_method,
            max(p.card_brand) filter (where p.place = 1) as card_brand,
            max(p.card_last_four) filter (where p.place = 1) as card_last_four
        from (
            -- The payment that speaks for the check: a countable one before others, the largest first.
            select
                *,
                row_number() over (order by each.is_countable desc, each.amount desc, each.payment_id) as place
            from {{ ref('int_toast__check_payments') }} as each
            where
                each.tenant_id = held.tenant_id
                and each.transaction_group = held.transaction_group
                and each.check_number = held.check_number
        ) as p
    ) as paid
),

settled as (
    select
        *,
        case
            when is_nameless then null
            when is_voided then 'void'
            when coalesce(status not in ('PAID', 'CLOSED'), true) or given_total is null then null
            -- All its payments were seen to be voided: the order itself is yet to be read again.
            when given_total > 0 and payment_count = 0 and voided_payment_count > 0 then 'void'
            when given_total = 0 and line_count = 0 and payment_tip_amount + gratuity_amount = 0 then null
            else 'sale'
        end as becomes,
        is_nameless
        or (not is_voided and coalesce(status not in ('OPEN', 'PAID', 'CLOSED'), true))
        or (not is_voided and status in ('PAID', 'CLOSED') and given_total is null) as is_unreadable
    from summed
)

select
    tenant_id,
    transaction_group,
    check_number,
    check_id,
    location_id,
    becomes,
    currency,
    exponent::integer as exponent,
    payment_method,
    card_brand,
    card_last_four,
    coalesce(taker_id, employee_id) as employee_id,
    customer_id,
    customer_name,
    customer_email,
    customer_phone,
    receipt_number,
    (
        coalesce(given_total, 0) - deferred_amount + payment_tip_amount
        + case when contains_gratuity then 0 else gratuity_amount end
    )::numeric(19, 4) as total_amount,
    (tax_amount - deferred_tax_amount)::numeric(19, 4) as tax_amount,
    discount_amount::numeric(19, 4) as discount_amount,
    service_amount::numeric(19, 4) as service_charge_amount,
    (payment_tip_amount + gratuity_amount)::numeric(19, 4) as tip_amount,
    deferred_amount::numeric(19, 4) as deferred_amount,
    paid_amount::numeric(19, 4) as paid_amount,
    greatest(face_amount, unpaid_amount)::numeric(19, 4) as voided_amount,
    line_count > 0 as is_itemised,
    is_unreadable,
    case
        when becomes = 'void' then coalesce(void_business_date, payment_void_business_date, business_date)
        else business_date
    end as business_date,
    case
        when becomes = 'void' then coalesce(void_at, payment_void_at, paid_at, created_at)
        else coalesce(paid_at, created_at)
    end as transaction_at,
    created_at,
    {{ this_batch() }}::bigint as _batch_id
from settled
where becomes is not null or is_unreadable
