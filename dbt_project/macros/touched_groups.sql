{#- Groups a model makes again in this run: those that changed since its own mark, or all when it is built. -#}
{% macro touched_groups(provider) -%}
    select tenant_id, transaction_group
    from {{ ref('int_' ~ provider ~ '__transaction_groups') }}
    {% if is_incremental() -%}
        where _batch_id > {{ last_batch() }}
    {%- endif %}
{%- endmacro %}
