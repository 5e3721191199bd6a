{#- Toast's amounts are doubles in major units; four decimals take off what a double adds. 0 for what is no amount. -#}
{% macro toast_amount(text) -%}
    round({{ decimal_or_zero(text) }}, 4)
{%- endmacro %}
