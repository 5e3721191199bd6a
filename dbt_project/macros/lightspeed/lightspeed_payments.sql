{#- The payments of a sale that hold, one row each; change given out is a payment below zero. -#}
{% macro lightspeed_payments(payments) -%}
    select
        each.ordinality as payment_number,
        payment.retailer_payment_type_id as payment_type_id,
        payment.payment_type_id as type_id,
        payment.name as payment_name,
        {{ decimal_or_zero('payment.amount') }} as amount,
        {{ card_brand("(jsonb_path_query_first(payment.external_attributes, '$[*].card_brand') #>> '{}')") }}
            as card_brand,
        substring(
            jsonb_path_query_first(payment.external_attributes, '$[*].card_last_four_digits') #>> '{}' from '^\d{4}$'
        ) as card_last_four,
        {{ lightspeed_instant('payment.payment_date') }} as tendered_at
    from jsonb_array_elements({{ array_or_empty(payments) }}) with ordinality as each
    cross join lateral jsonb_to_record({{ object_or_empty('each.value') }}) as payment (
        retailer_payment_type_id text,
        payment_type_id text,
        name text,
        amount text,
        external_attributes jsonb,
        payment_date text,
        deleted_at text
    )
    where jsonb_typeof(each.value) = 'object' and nullif(payment.deleted_at, '') is null
{%- endmacro %}


{#-
    The payments of a row of int_lightspeed__sales, with what their types mean in the contract's words. Of a type the
    POS does not list the payment has the name.
-#}
{% macro lightspeed_known_payments(sale) -%}
    select
        payment.payment_number,
        coalesce(payment.payment_type_id, payment.type_id, payment.payment_name, 'unknown') as kind,
        payment.amount,
        payment.card_last_four,
        payment.tendered_at,
        coalesce(
            case
                when types.payment_type_id is not null then types.payment_method
                else {{ lightspeed_payment_type('payment_method', 'payment.type_id', 'payment.payment_name') }}
            end,
            'other'
        ) as payment_method,
        coalesce(
            payment.card_brand,
            case
                when types.payment_type_id is not null then types.card_brand
                else {{ lightspeed_payment_type('card_brand', 'payment.type_id', 'payment.payment_name') }}
            end
        ) as card_brand
    from ({{ lightspeed_payments(sale ~ '.payments') }}) as payment
    left join {{ ref('int_lightspeed__payment_types') }} as types
        on {{ sale }}.tenant_id = types.tenant_id and payment.payment_type_id = types.payment_type_id
{%- endmacro %}
