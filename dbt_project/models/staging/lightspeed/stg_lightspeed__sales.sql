with source as (
    {{ raw_rows('lightspeed', 'sales') }}
),

unpacked as (
    select
        source.*,
        s.*
    from source
    cross join lateral jsonb_to_record(source.payload) as s (
        outlet_id text,
        register_id text,
        user_id text,
        customer_id text,
        invoice_number text,
        receipt_number text,
        status text,
        state text,
        attributes jsonb,
        return_for text,
        total_price text,
        total_tax text,
        line_items jsonb,
        payments jsonb,
        adjustments jsonb,
        ecom_custom_charges jsonb,
        sale_date text,
        created_at text,
        deleted_at text
    )
),

-- Old versions have a status only; a status of tomorrow is understood by state and attributes.
told as (
    select
        *,
        {{ decimal_or_zero('total_price') }} as net_amount,
        {{ decimal_or_zero('total_tax') }} as sale_tax_amount,
        case
            when nullif(deleted_at, '') is not null then 'deleted'
            when upper(status) = 'VOIDED' then 'voided'
            when upper(status) ~ '(^|_)CLOSED$' then 'closed'
            when upper(status) = 'ONACCOUNT' then 'on_account'
            when upper(status) in ('AWAITING_PICKUP', 'AWAITING_DISPATCH') then 'awaited'
            when upper(status) in ('SAVED', 'OPEN', 'LAYBY', 'SERVICE') then 'pending'
            when lower(state) in ('voided', 'closed') then lower(state)
            when lower(state) = 'pending' and attributes ? 'onaccount' then 'on_account'
            when lower(state) = 'pending' and (attributes ? 'pickup' or attributes ? 'delivery') then 'awaited'
            else 'pending'
        end as standing
    from unpacked
),

-- A charge the sale lists elsewhere than in `adjustments` counts when the total cannot be explained without it, and
-- the tax of charges when the tax of the lines is not all.
summed as (
    select
        told.*,
        lines.line_count,
        charges.tip_amount,
        charges.discount_amount,
        charges.service_amount + case
            when abs(told.net_amount - lines.net_amount - charges.listed_amount - elsewhere.amount) <= 0.01
                then elsewhere.amount
            else 0
        end as service_amount,
        case
            when
                abs(abs(told.sale_tax_amount - lines.tax_amount) - charges.tax_amount - elsewhere.tax_amount) <= 0.01
                then sign(told.sale_tax_amount - lines.tax_amount) * (charges.tax_amount + elsewhere.tax_amount)
            else 0
        end as charge_tax_amount,
        to_jsonb(array_remove(
            lines.product_ids || lines.payment_type_ids
            || array[told.register_id, told.user_id, told.customer_id],
            null
        )) as named_ids
    from told
    cross join lateral (
        {{ lightspeed_charges('told.adjustments', 'told.net_amount + told.sale_tax_amount') }}
    ) as charges
    cross join lateral (
        select
            count(*) as line_count,
            coalesce(sum(line.net_amount), 0) as net_amount,
            coalesce(sum(line.tax_amount), 0) as tax_amount,
            coalesce(sum(extra.amount), 0) as surcharge_amount,
            coalesce(sum(extra.tax_amount), 0) as surcharge_tax_amount,
            array_agg(distinct line.product_id) as product_ids,
            array(
                select distinct each.value ->> 'retailer_payment_type_id'
                from jsonb_array_elements({{ array_or_empty('told.payments') }}) as each (value)
            ) as payment_type_ids
        from ({{ lightspeed_lines('told.line_items') }}) as line
        cross join lateral (
            select
                sum({{ decimal_or_zero("(surcharge.value ->> 'value')") }}) as amount,
                sum({{ lightspeed_component_tax("(surcharge.value -> 'tax_components')") }}) as tax_amount
            from jsonb_array_elements(line.surcharges) as surcharge (value)
        ) as extra
    ) as lines
    cross join lateral (
        select
            lines.surcharge_amount + case
                when charges.lists_ecom_charges then 0
                else {{ decimal_or_zero("(told.ecom_custom_charges ->> 'total')") }}
            end as amount,
            lines.surcharge_tax_amount + case
                when charges.lists_ecom_charges then 0
                else abs({{ decimal_or_zero("(told.ecom_custom_charges ->> 'total_tax')") }})
            end as tax_amount
    ) as elsewhere
)

select
    tenant_id,
    connection_id,
    coalesce(nullif(location_id, ''), outlet_id, '') as location_id,
    id as sale_id,
    nullif(return_for, '') as original_sale_id,
    register_id,
    user_id,
    customer_id,
    coalesce(nullif(receipt_number, ''), nullif(invoice_number, '')) as receipt_number,
    case
        when standing in ('closed', 'on_account') then 'sale'
        when
            standing = 'awaited'
            and (
                select coalesce(sum(payment.amount), 0)
                from ({{ lightspeed_payments('summed.payments') }}) as payment
            ) >= net_amount + sale_tax_amount
            then 'sale'
        when standing = 'voided' then 'void'
    end as outcome,
    standing = 'on_account' as is_on_account,
    net_amount + sale_tax_amount as total_amount,
    sale_tax_amount as tax_amount,
    tip_amount,
    service_amount,
    discount_amount,
    charge_tax_amount,
    line_count::integer as line_count,
    {{ array_or_empty('line_items') }} as line_items,
    {{ array_or_empty('payments') }} as payments,
    named_ids,
    coalesce({{ lightspeed_instant('sale_date') }}, {{ lightspeed_instant('created_at') }}, version_at) as sold_at,
    coalesce({{ lightspeed_instant('created_at') }}, version_at) as created_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from summed
