{#- A POS may send anything: these give null, or nothing, for what is not of the documented shape. -#}

{#- Minor units of a Square Money object. -#}
{% macro minor(money) -%}
    case when jsonb_typeof({{ money }} -> 'amount') = 'number' then ({{ money }} -> 'amount')::bigint end
{%- endmacro %}

{% macro minor_or_zero(money) -%}
    coalesce({{ minor(money) }}, 0)
{%- endmacro %}

{% macro currency_of(money) -%}
    nullif(upper({{ money }} ->> 'currency'), '')
{%- endmacro %}

{#- An RFC 3339 instant with 0 to 9 fractional digits. -#}
{% macro instant(text) -%}
    case when {{ text }} ~ '^\d{4}-(0[1-9]|1[0-2])-[0-3]\dT[0-2]\d:[0-5]\d:' then ({{ text }})::timestamptz end
{%- endmacro %}

{% macro quantity(text) -%}
    case when {{ text }} ~ '^\d{1,12}(\.\d+)?$' then ({{ text }})::numeric end
{%- endmacro %}

{% macro array_or_empty(json) -%}
    case when jsonb_typeof({{ json }}) = 'array' then {{ json }} else '[]'::jsonb end
{%- endmacro %}
