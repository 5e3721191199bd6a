{#-
    The rows a data test looks at: all of them, or with `--vars 'tests_since_batch: n'` those of later batches, so
    that a scheduled check costs what is new and not what is old.
-#}
{% macro recent(relation) -%}
    {%- if var('tests_since_batch', none) is not none -%}
        (select * from {{ relation }} where _batch_id > {{ var('tests_since_batch') | int }})
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
