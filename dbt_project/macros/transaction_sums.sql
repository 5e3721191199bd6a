{#- The measures daily and hourly volumes share, over rows of fct_transactions. -#}
{% macro transaction_sums() -%}
    count(*) filter (where transaction_type = 'sale')::integer as sale_count,
    count(*) filter (where transaction_type = 'refund')::integer as refund_count,
    count(*) filter (where transaction_type = 'void')::integer as void_count,
    coalesce(sum(total_amount) filter (where transaction_type = 'sale'), 0)::numeric(19, 4) as sales_amount,
    coalesce(-sum(total_amount) filter (where transaction_type = 'refund'), 0)::numeric(19, 4) as refund_amount,
    sum(voided_amount)::numeric(19, 4) as voided_amount,
    sum(tax_amount)::numeric(19, 4) as tax_amount,
    sum(discount_amount)::numeric(19, 4) as discount_amount,
    sum(service_charge_amount)::numeric(19, 4) as service_charge_amount,
    sum(tip_amount)::numeric(19, 4) as tip_amount,
    sum(total_amount)::numeric(19, 4) as total_amount
{%- endmacro %}
