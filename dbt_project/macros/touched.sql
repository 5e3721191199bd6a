{#-
    What a model makes again in this run: everything that changed since its own mark, or all when it is built.
    A model names one of these in `meta.touched` and starts from the same one, so that what is deleted and what
    is made are the same groups. `materialized` keeps Postgres from weighing joins by a guess of how many there are.
-#}

{#- Groups of one provider's objects, or with the provider's name those of all. -#}
{% macro touched_groups(provider=none) -%}
    {%- if provider is not none -%}
        select tenant_id, transaction_group
        from {{ ref('int_' ~ provider ~ '__transaction_groups') }}
        {% if is_incremental() -%}
            where _batch_id > {{ last_batch() }}
        {%- endif %}
    {%- else -%}
        {% for each in var('providers') -%}
            {% if not loop.first %}union all{% endif %}
            select tenant_id, '{{ each }}'::text as pos_provider, transaction_group
            from {{ ref('int_' ~ each ~ '__transaction_groups') }}
            {% if is_incremental() -%}
                where _batch_id > {{ last_batch() }}
            {%- endif %}
        {% endfor %}
    {%- endif -%}
{%- endmacro %}


{#- Business days a transaction came to or left. -#}
{% macro touched_days(provider=none) -%}
    {%- set days = ref('stg_etl__touched_days') -%}
    {% if is_incremental() -%}
        select tenant_id, business_date
        from {{ days }}
        where _batch_id > {{ last_batch() }}
    {%- else -%}
        select distinct tenant_id, business_date
        from {{ ref('fct_transactions') }}
    {%- endif %}
{%- endmacro %}


{#- Products of which a version was seen. -#}
{% macro touched_products(provider=none) -%}
    select distinct tenant_id, pos_provider, pos_product_id
    from ({{ union_providers('prices') }}) as prices
    {% if is_incremental() -%}
        where _batch_id > {{ last_batch() }}
    {%- endif %}
{%- endmacro %}


{#- Rows of `int_<provider>__<what>` in touched groups. Each provider is joined by itself, so that its index serves. -#}
{% macro touched_rows(what) -%}
    {% for provider in var('providers') -%}
        {% if not loop.first %}union all{% endif %}
        select touched.pos_provider, rows_of_{{ provider }}.*
        from touched
        inner join {{ ref('int_' ~ provider ~ '__' ~ what) }} as rows_of_{{ provider }}
            on
                touched.tenant_id = rows_of_{{ provider }}.tenant_id
                and touched.transaction_group = rows_of_{{ provider }}.transaction_group
                and touched.pos_provider = '{{ provider }}'
    {% endfor %}
{%- endmacro %}
