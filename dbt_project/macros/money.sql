{#- Minor units to the contract's decimal: exact, because both sides are numeric. -#}
{% macro money(minor_units, exponent) -%}
    (({{ minor_units }})::numeric / power(10::numeric, {{ exponent }}))::numeric(19, 4)
{%- endmacro %}
