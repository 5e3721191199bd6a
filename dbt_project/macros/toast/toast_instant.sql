{#- An instant of Toast's; its "never" is the first second of 1970. -#}
{% macro toast_instant(text) -%}
    nullif({{ instant(text) }}, '1970-01-01T00:00:00Z'::timestamptz)
{%- endmacro %}
