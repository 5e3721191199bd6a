{#- Business days an aggregate sums again: those a transaction came to or left since its own mark, or all. -#}
{% macro touched_days() -%}
    {% if is_incremental() -%}
        select tenant_id, business_date
        from {{ ref('stg_etl__touched_days') }}
        where _batch_id > {{ last_batch() }}
    {%- else -%}
        select distinct tenant_id, business_date
        from {{ ref('fct_transactions') }}
    {%- endif %}
{%- endmacro %}
