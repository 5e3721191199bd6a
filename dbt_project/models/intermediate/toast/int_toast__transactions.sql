{{ config(
    indexes=[{'columns': ['tenant_id', 'transaction_group']}],
    meta={'replaces': ['tenant_id', 'transaction_group'], 'touched': 'touched_groups', 'provider': 'toast'},
) }}

with touched as materialized (
    {{ touched_groups('toast') }}
),

checks as (
    select c.*
    from touched
    inner join {{ ref('int_toast__checks') }} as c
        on touched.tenant_id = c.tenant_id and touched.transaction_group = c.transaction_group
    where c.becomes is not null and c.exponent is not null
),

sales as (
    select
        tenant_id,
        transaction_group,
        check_id as pos_transaction_id,
        null::text as original_transaction_id,
        location_id,
        becomes as transaction_type,
        currency,
        payment_method,
        card_brand,
        card_last_four,
        employee_id,
        customer_id,
        customer_name,
        customer_email,
        customer_phone,
        receipt_number,
        case when becomes = 'sale' then tax_amount else 0 end as tax_amount,
        case when becomes = 'sale' then discount_amount else 0 end as discount_amount,
        case when becomes = 'sale' then service_charge_amount else 0 end as service_charge_amount,
        case when becomes = 'sale' then tip_amount else 0 end as tip_amount,
        case when becomes = 'sale' then total_amount else 0 end as total_amount,
        case when becomes = 'void' then voided_amount else 0 end as voided_amount,
        becomes = 'sale' and is_itemised as is_itemised,
        business_date,
        transaction_at,
        created_at
    from checks
),

refunds as (
    select
        refunds.tenant_id,
        refunds.transaction_group,
        refunds.pos_transaction_id,
        refunds.check_id as original_transaction_id,
        checks.location_id,
        'refund' as transaction_type,
        checks.currency,
        payments.payment_method,
        payments.card_brand,
        payments.card_last_four,
        coalesce(payments.employee_id, checks.employee_id) as employee_id,
        checks.customer_id,
        checks.customer_name,
        checks.customer_email,
        checks.customer_phone,
        null as receipt_number,
        -refunds.tax_amount as tax_amount,
        -refunds.discount_amount as discount_amount,
        -refunds.service_charge_amount as service_charge_amount,
        -refunds.tip_amount as tip_amount,
        -refunds.total_amount as total_amount,
        0 as voided_amount,
        refunds.is_itemised,
        refunds.refund_business_date as business_date,
        refunds.refund_at as transaction_at,
        refunds.refund_at as created_at
    from checks
    inner join {{ ref('int_toast__refunds') }} as refunds
        on
            checks.tenant_id = refunds.tenant_id
            and checks.transaction_group = refunds.transaction_group
            and checks.check_number = refunds.check_number
    inner join {{ ref('int_toast__check_payments') }} as payments
        on
            refunds.tenant_id = payments.tenant_id
            and refunds.transaction_group = payments.transaction_group
            and refunds.payment_id = payments.payment_id
),

transactions as (
    select * from sales
    union all
    select * from refunds
)

select
    t.tenant_id,
    t.transaction_group,
    t.pos_transaction_id,
    t.original_transaction_id,
    t.location_id,
    t.transaction_type,
    t.currency,
    coalesce(tenders.payment_method, t.payment_method, 'other') as payment_method,
    coalesce(tenders.card_brand, t.card_brand) as card_brand,
    coalesce(tenders.card_last_four, t.card_last_four) as card_last_four,
    t.customer_id,
    t.customer_name,
    t.customer_email,
    t.customer_phone,
    t.employee_id as cashier_id,
    employees.cashier_name,
    null::text as device_name,
    t.receipt_number,
    (t.total_amount - t.tax_amount + t.discount_amount - t.service_charge_amount - t.tip_amount)::numeric(19, 4)
        as subtotal,
    t.tax_amount::numeric(19, 4) as tax_amount,
    t.discount_amount::numeric(19, 4) as discount_amount,
    t.service_charge_amount::numeric(19, 4) as service_charge_amount,
    t.tip_amount::numeric(19, 4) as tip_amount,
    t.total_amount::numeric(19, 4) as total_amount,
    t.voided_amount::numeric(19, 4) as voided_amount,
    tenders.tendered_amount::numeric(19, 4) as tendered_amount,
    tenders.tender_count::integer as tender_count,
    t.is_itemised,
    t.transaction_at,
    t.business_date as provider_business_date,
    t.created_at as pos_created_at,
    {{ this_batch() }}::bigint as _batch_id
from transactions as t
cross join lateral (
    {{ tender_sums('toast') }}
) as tenders
left join {{ ref('int_toast__employees') }} as employees
    on t.tenant_id = employees.tenant_id and t.employee_id = employees.employee_id
