{#- Minor units to the contract's decimal: exact, because both sides are numeric. -#}
{% macro money(minor_units, exponent) -%}
    (({{ minor_units }})::numeric / power(10::numeric, {{ exponent }}))::numeric(19, 4)
{%- endmacro %}

{#- An amount that was computed, null where numeric(19, 4) could not hold it. -#}
{% macro bounded(amount) -%}
    case when abs({{ amount }}) < 1e13 then {{ amount }} end
{%- endmacro %}
