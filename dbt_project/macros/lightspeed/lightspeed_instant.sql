{#- An instant as Lightspeed writes it: RFC 3339, or as its older versions did, in UTC without saying so. -#}
{% macro lightspeed_instant(text) -%}
    {{ instant("regexp_replace(" ~ text ~ ", '^(\\d{4}-\\d\\d-\\d\\d)[ T]([0-9:.]+)$', '\\1T\\2Z')") }}
{%- endmacro %}
