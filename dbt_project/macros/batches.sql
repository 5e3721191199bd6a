{#-
    The clock of incremental runs is the batch: a number the runner takes before it starts, written into
    every row a model makes as `_batch_id`. Both macros render a literal, because a subselect is estimated
    at a third of the table and turns an index look-up into a scan of all history.
-#}

{#- Batch of this run. The runner passes it; by hand it is the newest batch there is. -#}
{% macro this_batch() -%}
    {%- if not execute -%}
        0
    {%- elif var('batch_id', none) is not none -%}
        {{ var('batch_id') | int }}
    {%- else -%}
        {{ run_query('select coalesce(max(batch_id), 0) from etl.batches').columns[0].values()[0] | int }}
    {%- endif -%}
{%- endmacro %}

{#- Batch through which this model has seen everything: it reads only what carries a later one. -#}
{% macro last_batch() -%}
    {%- if not execute -%}
        0
    {%- elif var('progress', none) is not none -%}
        {{ var('progress').get(model.name, 0) | int }}
    {%- else -%}
        {%- set query -%}
            select coalesce(max(batch_id), 0) from etl.model_progress where model = '{{ model.name }}'
        {%- endset -%}
        {{ run_query(query).columns[0].values()[0] | int }}
    {%- endif -%}
{%- endmacro %}

{#- Written in the model's own transaction: a model that fails is simply read again from its old mark. -#}
{% macro write_progress() -%}
    insert into etl.model_progress as p (model, batch_id, updated_at)
    values ('{{ model.name }}', {{ this_batch() }}, clock_timestamp())
    on conflict (model) do update
    set batch_id = excluded.batch_id, updated_at = excluded.updated_at
{%- endmacro %}

{#- What the relation was built from, if the runner said so: a build that is interrupted goes on where it was. -#}
{% macro write_fingerprint() -%}
    {%- set fingerprint = var('fingerprints', {}).get(model.unique_id) -%}
    {%- if fingerprint -%}
        insert into etl.models as m (node, fingerprint)
        values ('{{ model.unique_id }}', '{{ fingerprint }}')
        on conflict (node) do update
        set fingerprint = excluded.fingerprint, built_at = clock_timestamp()
    {%- endif -%}
{%- endmacro %}
