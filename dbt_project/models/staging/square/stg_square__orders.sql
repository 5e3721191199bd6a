with source as (
    {{ raw_rows('square', 'orders') }}
),

unpacked as (
    select
        source.*,
        o.*
    from source
    cross join lateral jsonb_to_record(source.payload) as o (
        state text,
        customer_id text,
        total_money jsonb,
        total_tax_money jsonb,
        total_discount_money jsonb,
        total_tip_money jsonb,
        total_service_charge_money jsonb,
        net_amount_due_money jsonb,
        rounding_adjustment jsonb,
        return_amounts jsonb,
        line_items jsonb,
        service_charges jsonb,
        returns jsonb,
        tenders jsonb,
        created_at text,
        closed_at text
    )
),

shaped as (
    select
        *,
        {{ array_or_empty('line_items') }} as lines,
        {{ array_or_empty('returns') }} as return_parts,
        {{ array_or_empty('tenders') }} as order_tenders,
        coalesce(
            {{ currency_of('total_money') }},
            {{ currency_of("(return_amounts -> 'total_money')") }}
        ) as currency,
        (
            select
                sum(
                    coalesce({{ minor("(charge -> 'total_money')") }}, {{ minor("(charge -> 'applied_money')") }}, 0)
                    - coalesce({{ minor("(charge -> 'applied_money')") }}, 0)
                )
            from jsonb_array_elements({{ array_or_empty('service_charges') }}) as charge
            where charge ->> 'treatment_type' is distinct from 'APPORTIONED_TREATMENT'
        ) as service_tax_minor
    from unpacked
)

select
    shaped.tenant_id,
    shaped.connection_id,
    shaped.location_id,
    shaped.id as order_id,
    shaped.customer_id,
    shaped.state,
    shaped.currency,
    currencies.exponent,
    {{ minor_or_zero('total_money') }} as total_minor,
    {{ minor_or_zero('total_tax_money') }} as tax_minor,
    {{ minor_or_zero('total_discount_money') }} as discount_minor,
    {{ minor_or_zero('total_tip_money') }} as tip_minor,
    {{ minor_or_zero('total_service_charge_money') }} as service_minor,
    coalesce(service_tax_minor, 0)::bigint as service_tax_minor,
    {{ minor_or_zero("(rounding_adjustment -> 'amount_money')") }} as rounding_minor,
    {{ minor_or_zero('net_amount_due_money') }} as due_minor,
    {{ minor_or_zero("(return_amounts -> 'total_money')") }} as return_total_minor,
    {{ minor_or_zero("(return_amounts -> 'tax_money')") }} as return_tax_minor,
    {{ minor_or_zero("(return_amounts -> 'discount_money')") }} as return_discount_minor,
    {{ minor_or_zero("(return_amounts -> 'tip_money')") }} as return_tip_minor,
    {{ minor_or_zero("(return_amounts -> 'service_charge_money')") }} as return_service_minor,
    jsonb_array_length(lines) as line_count,
    jsonb_array_length(return_parts) as return_count,
    jsonb_array_length(order_tenders) as tender_count,
    lines as line_items,
    return_parts as returns,
    order_tenders as tenders,
    coalesce({{ instant('created_at') }}, version_at) as created_at,
    {{ instant('closed_at') }} as closed_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from shaped
left join {{ ref('currencies') }} as currencies on shaped.currency = currencies.currency
