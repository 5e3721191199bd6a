{{ config(
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

checks as (
    select
        touched.tenant_id,
        touched.transaction_group,
        checks.position as check_number,
        checks.body
    from touched
    inner join {{ ref('int_toast__orders') }} as o
        on touched.tenant_id = o.tenant_id and touched.transaction_group = o.order_id
    cross join lateral jsonb_array_elements(o.checks) with ordinality as checks (body, position)
),

selections as (
    select
        checks.tenant_id,
        checks.transaction_group,
        checks.check_number,
        listed.position as line_number,
        s.guid as pos_line_id,
        nullif(s.item ->> 'guid', '') as pos_product_id,
        coalesce(nullif(trim(s."displayName"), ''), 'Custom amount') as product_name,
        case
            when s.voided = 'true'::jsonb then 'voided'
            when
                s.deferred = 'true'::jsonb
                or upper(s."selectionType") in (
                    'TOAST_CARD_SELL', 'TOAST_CARD_RELOAD', 'CASH_CARD_SELL', 'HOUSE_ACCOUNT_PAY_BALANCE'
                )
                or (nullif(s.item ->> 'guid', '') is null and s."displayName" = 'Gift Card')
                then 'deferred'
            else 'item'
        end as line_class,
        coalesce({{ quantity('s.quantity') }}, 1) as quantity,
        {{ decimal_amount('s."receiptLinePrice"') }} as unit_price,
        {{ decimal_amount('s."preDiscountPrice"') }} as gross_amount,
        {{ decimal_amount('s.price') }} as net_amount,
        {{ decimal_amount('s.tax') }} as tax_amount,
        s."appliedTaxes" as taxes,
        s."refundDetails" as refund,
        case
            when coalesce(jsonb_array_length({{ array_or_empty('s.modifiers') }}), 0) = 0 then '[]'::jsonb
            else (
                select
                    coalesce(
                        jsonb_agg(
                            jsonb_build_object(
                                'name', chosen.body ->> 'displayName',
                                'quantity', coalesce({{ quantity("(chosen.body ->> 'quantity')") }}, 1),
                                'amount', {{ toast_amount("(chosen.body ->> 'price')") }}
                            )
                            order by chosen.position
                        ),
                        '[]'::jsonb
                    )
                from jsonb_path_query(
                    jsonb_build_object('modifiers', s.modifiers),
                    'strict $.**.modifiers ? (@.type() == "array")[*] ? (@.type() == "object")'
                ) with ordinality as chosen (body, position)
                where chosen.body -> 'voided' is distinct from 'true'::jsonb
            )
        end as modifiers
    from checks
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("checks.body -> 'selections'") }}
    ) with ordinality as listed (body, position)
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(listed.body) = 'object' then listed.body else '{}' end
    ) as s (
        guid text,
        item jsonb,
        "displayName" text,
        "selectionType" text,
        quantity text,
        "receiptLinePrice" text,
        "preDiscountPrice" text,
        price text,
        tax text,
        deferred jsonb,
        voided jsonb,
        "appliedTaxes" jsonb,
        "refundDetails" jsonb,
        modifiers jsonb
    )
),

charges as (
    select
        checks.tenant_id,
        checks.transaction_group,
        checks.check_number,
        1000000 + listed.position as line_number,
        c.guid as pos_line_id,
        null as pos_product_id,
        coalesce(nullif(trim(c.name), ''), 'Service charge') as product_name,
        case
            when upper(c."serviceChargeCategory") = 'FUNDRAISING_CAMPAIGN' then 'deferred'
            when c.gratuity = 'true'::jsonb then 'gratuity'
            else 'service'
        end as line_class,
        1 as quantity,
        {{ decimal_amount('c."chargeAmount"') }} as unit_price,
        {{ decimal_amount('c."chargeAmount"') }} as gross_amount,
        {{ decimal_amount('c."chargeAmount"') }} as net_amount,
        null::numeric as tax_amount,
        c."appliedTaxes" as taxes,
        c."refundDetails" as refund,
        '[]'::jsonb as modifiers
    from checks
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("checks.body -> 'appliedServiceCharges'") }}
    ) with ordinality as listed (body, position)
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(listed.body) = 'object' then listed.body else '{}' end
    ) as c (
        guid text,
        name text,
        "serviceChargeCategory" text,
        "chargeAmount" text,
        gratuity jsonb,
        "appliedTaxes" jsonb,
        "refundDetails" jsonb
    )
),

lines as (
    select * from selections
    union all
    select * from charges
)

select
    tenant_id,
    transaction_group,
    check_number::integer as check_number,
    line_number::integer as line_number,
    pos_line_id,
    pos_product_id,
    product_name,
    line_class,
    nullif(refund #>> '{refundTransaction,guid}', '') as refund_id,
    modifiers,
    quantity::numeric(19, 5) as quantity,
    coalesce(unit_price, gross_amount, net_amount, 0)::numeric(19, 4) as unit_price,
    coalesce(gross_amount, net_amount, 0)::numeric(19, 4) as gross_amount,
    coalesce(net_amount, gross_amount, 0)::numeric(19, 4) as net_amount,
    coalesce(
        tax_amount,
        (
            select sum({{ decimal_amount("(tax ->> 'taxAmount')") }})
            from jsonb_array_elements({{ array_or_empty('taxes') }}) as tax
        ),
        0
    )::numeric(19, 4) as tax_amount,
    {{ toast_amount("(refund ->> 'refundAmount')") }}::numeric(19, 4) as refund_amount,
    {{ toast_amount("(refund ->> 'taxRefundAmount')") }}::numeric(19, 4) as refund_tax_amount,
    {{ this_batch() }}::bigint as _batch_id
from lines
