{#- A POS may send anything: these give null, or nothing, for what is not of the documented shape. -#}

{#- Minor units of a Square Money object; null beyond what numeric(19, 4) holds. -#}
{% macro minor(money) -%}
    case
        when jsonb_typeof({{ money }} -> 'amount') = 'number' and abs(({{ money }} -> 'amount')::numeric) < 1e15
            then ({{ money }} -> 'amount')::bigint
    end
{%- endmacro %}

{% macro minor_or_zero(money) -%}
    coalesce({{ minor(money) }}, 0)
{%- endmacro %}

{% macro currency_of(money) -%}
    nullif(upper({{ money }} ->> 'currency'), '')
{%- endmacro %}

{#-
    An instant as RFC 3339 writes it, with 0 to 9 fractional digits; the colon of the offset may be missing. Days a
    month does not have are not let through to the cast.
-#}
{% macro instant(text) -%}
    case
        when
            {{ text }} ~ (
                '^([12]\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))'
                '|[12]\d(0[48]|[2468][048]|[13579][26])-02-29)'
                'T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)$'
            )
            then ({{ text }})::timestamptz
    end
{%- endmacro %}

{% macro quantity(text) -%}
    case when {{ text }} ~ '^\d{1,12}(\.\d+)?$' then ({{ text }})::numeric end
{%- endmacro %}

{% macro array_or_empty(json) -%}
    case when jsonb_typeof({{ json }}) = 'array' then {{ json }} else '[]'::jsonb end
{%- endmacro %}

{% macro object_or_empty(json) -%}
    case when jsonb_typeof({{ json }}) = 'object' then {{ json }} else '{}'::jsonb end
{%- endmacro %}

{#- A decimal amount in major units, sent as a number or a string: exact; null for anything else and for 10^12 or more. -#}
{% macro decimal_amount(text) -%}
    case when {{ text }} ~ '^-?\d{1,12}(\.\d{1,40})?$' then ({{ text }})::numeric end
{%- endmacro %}

{% macro decimal_or_zero(text) -%}
    coalesce({{ decimal_amount(text) }}, 0)
{%- endmacro %}

{#- A calendar day written 20260314. Days a month does not have are not let through to the cast. -#}
{% macro calendar_day(text) -%}
    case
        when
            {{ text }} ~ (
                '^([12]\d{3}((0[13578]|1[02])(0[1-9]|[12]\d|3[01])|(0[469]|11)(0[1-9]|[12]\d|30)|02(0[1-9]|1\d|2[0-8]))'
                '|[12]\d(0[48]|[2468][048]|[13579][26])0229)$'
            )
            then to_date({{ text }}, 'YYYYMMDD')
    end
{%- endmacro %}
