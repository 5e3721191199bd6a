{#- The columns of one line of an order, sold or returned. Lines are short, so single paths cost little here. -#}
{% macro square_line(line, modifiers) -%}
    {{ line }} ->> 'uid' as pos_line_id,
    {{ line }} ->> 'catalog_object_id' as pos_product_id,
    coalesce(nullif({{ line }} ->> 'name', ''), 'Custom amount') as product_name,
    {{ line }} ->> 'variation_name' as variation_name,
    case when {{ line }} ->> 'catalog_object_id' is null then 'custom_amount' else 'product' end as line_type,
    coalesce({{ quantity("(" ~ line ~ " ->> 'quantity')") }}, 1) as line_quantity,
    {{ minor_or_zero("(" ~ line ~ " -> 'base_price_money')") }}::numeric as unit_price_minor,
    {{ minor_or_zero("(" ~ line ~ " -> 'total_discount_money')") }}::numeric as line_discount_minor,
    {{ minor_or_zero("(" ~ line ~ " -> 'total_tax_money')") }}::numeric as line_tax_minor,
    (
        {{ minor_or_zero("(" ~ line ~ " -> 'total_money')") }}
        - {{ minor_or_zero("(" ~ line ~ " -> 'total_service_charge_money')") }}
    )::numeric as line_minor,
    {{ array_or_empty(line ~ " -> '" ~ modifiers ~ "'") }} as modifiers
{%- endmacro %}
