{#- Groups of every provider that changed since this mart last ran; all of them when it is built. -#}
{% macro touched_groups_of_all() -%}
    {% for provider in var('providers') -%}
        {% if not loop.first %}union all{% endif %}
        select tenant_id, '{{ provider }}' as pos_provider, transaction_group
        from {{ ref('int_' ~ provider ~ '__transaction_groups') }}
        {% if is_incremental() -%}
            where _batch_id > {{ last_batch() }}
        {%- endif %}
    {% endfor %}
{%- endmacro %}
