{#- Rows of `int_<provider>__<what>` of every provider, with its name: the one place marts learn who there is. -#}
{% macro union_providers(what) -%}
    {% for provider in var('providers') -%}
        {% if not loop.first %}union all{% endif %}
        select '{{ provider }}' as pos_provider, rows_of_{{ provider }}.*
        from {{ ref('int_' ~ provider ~ '__' ~ what) }} as rows_of_{{ provider }}
    {% endfor %}
{%- endmacro %}
