{#-
    `incremental`, for this project: one statement, no temporary table, no catalog bloat.

    Columns and key come from the model's contract. How rows meet those already there is in `meta`:

        newest_by: [columns]   latest version of an object: an older one that arrives late changes nothing, an
                               equal one rewrites the row. `_batch_id` moves only when another column does.
        replaces: [columns]    rows of one group are made together: all groups of `touched` lose their old rows
        touched: macro         first, in the same statement; the macro takes `provider` as its argument.
        records_days: true     with `replaces`: days that lost or gained a row are noted in etl.touched_days.
        (none)                 a plain upsert by key.

    A full refresh empties the table in place when its columns are still the contract's, so that views, policies
    and grants stay; else it is made anew.
-#}
{% materialization incremental, adapter='postgres', supported_languages=['sql'] %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set columns = model.columns.keys() | list -%}
    {%- set key = key_of_contract() -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set builds = existing is none or not existing.is_table or should_full_refresh() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {#-
        Compiling these statements costs more than running them on a few rows; sorting in memory helps on many. How
        many rows are new is not in any statistics, and a wrong guess scans all history: an index look-up per new row
        is never far from the best plan, so an incremental run is told that walking through rows is dear.
        (`enable_seqscan = off` will not do: one table without an index, and all plans cost the same.)
    -#}
    {% call statement('settings') %}
        set local jit = off;
        set local work_mem = '64MB';
        {%- if not builds %}
        set local seq_page_cost = 10;
        set local random_page_cost = 1;
        set local cpu_tuple_cost = 1;
        set local enable_mergejoin = off
        {%- endif %}
    {% endcall %}

    {% if builds %}
        {% do get_assert_columns_equivalent(sql) %}
        {% set in_place = existing is not none and existing.is_table and shape_of(existing) == shape_of_contract() %}
        {% if in_place %}
            {% if meta.get('records_days') %}
                {% call statement('old_days') %}{{ record_days('select * from ' ~ target_relation) }}{% endcall %}
            {% endif %}
            {% call statement('empty') %}truncate table {{ target_relation }}{% endcall %}
        {% else %}
            {% if existing is not none %}{% do adapter.drop_relation(existing) %}{% endif %}
            {% call statement('create') %}
                create table {{ target_relation }} {{ get_table_columns_and_constraints() }}
            {% endcall %}
            {% call statement('shape') %}comment on table {{ target_relation }} is '{{ shape_of_contract() }}'{% endcall %}
        {% endif %}
        {% call statement('main') %}{{ insert_all(target_relation, sql, columns) }}{% endcall %}
        {% if meta.get('records_days') %}
            {% call statement('new_days') %}{{ record_days('select * from ' ~ target_relation) }}{% endcall %}
        {% endif %}
        {% if not in_place %}{% do create_indexes(target_relation) %}{% endif %}
        {% call statement('analyze') %}analyze {{ target_relation }}{% endcall %}
    {% elif meta.get('replaces') %}
        {% call statement('main') %}
            {{ replace_groups(target_relation, sql, columns, meta) }}
        {% endcall %}
    {% else %}
        {% call statement('main') %}
            {{ upsert(target_relation, sql, columns, key, meta.get('newest_by', [])) }}
        {% endcall %}
    {% endif %}

    {#- Statistics that still say "empty" after an import make the next models walk it row by row. -#}
    {% if not builds and (load_result('main').response.rows_affected or 0) >= 20000 %}
        {% call statement('analyze') %}analyze {{ target_relation }}{% endcall %}
    {% endif %}

    {% call statement('progress') %}{{ write_progress() }}{% endcall %}
    {% set fingerprint = write_fingerprint() %}
    {% if builds and fingerprint %}{% call statement('fingerprint') %}{{ fingerprint }}{% endcall %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro key_of_contract() %}
    {%- for constraint in model.constraints if constraint.type == 'primary_key' -%}
        {{ return(constraint.columns) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(model.name ~ ': the contract names no primary key; add one to its YAML') }}
{% endmacro %}


{#- Columns, constraints and indexes in a word, kept as the table's comment. -#}
{% macro shape_of_contract() %}
    {%- set parts = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do parts.append([column.name, column.data_type, column.constraints | map(attribute='type') | list]) -%}
    {%- endfor -%}
    {%- for constraint in model.constraints -%}
        {%- do parts.append([constraint.type, constraint.columns]) -%}
    {%- endfor -%}
    {%- do parts.append(config.get('indexes', [])) -%}
    {{ return('shape ' ~ local_md5(parts | string)) }}
{% endmacro %}


{% macro shape_of(relation) %}
    {{ return(run_query("select obj_description('" ~ relation ~ "'::regclass, 'pg_class')").columns[0].values()[0]) }}
{% endmacro %}


{% macro insert_all(relation, sql, columns) -%}
    insert into {{ relation }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }}
    from (
        {{ sql }}
    ) as s
{%- endmacro %}


{% macro upsert(relation, sql, columns, key, newest_by) -%}
    {%- set technical = key + newest_by + ['_batch_id'] -%}
    {%- set content = columns | reject('in', technical) | list -%}
    insert into {{ relation }} as t ({{ columns | join(', ') }})
    select {{ columns | join(', ') }}
    from (
        {{ sql }}
    ) as s
    on conflict ({{ key | join(', ') }}) do update
    set
        {% for column in columns if column not in key and column != '_batch_id' -%}
            {{ column }} = excluded.{{ column }},
        {% endfor -%}
        {% if newest_by and content -%}
            _batch_id = case
                when row(t.{{ content | join(', t.') }}) is distinct from row(excluded.{{ content | join(', excluded.') }})
                    then excluded._batch_id
                else t._batch_id
            end
        {%- else -%}
            _batch_id = excluded._batch_id
        {%- endif %}
    {% if newest_by -%}
        where (t.{{ newest_by | join(', t.') }}) <= (excluded.{{ newest_by | join(', excluded.') }})
    {%- endif %}
{%- endmacro %}


{% macro replace_groups(relation, sql, columns, meta) -%}
    {%- set group_columns = meta['replaces'] -%}
    {%- set records_days = meta.get('records_days') -%}
    with src as materialized (
        {{ sql }}
    ),

    stale as materialized (
        {{ context[meta['touched']](meta.get('provider')) }}
    ),

    gone as (
        delete from {{ relation }} as t
        using stale as s
        where {% for column in group_columns %}t.{{ column }} = s.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
        returning t.tenant_id{% if records_days %}, t.business_date{% endif %}
    )

    {%- if records_days %},

    days as (
        {{ record_days('(select tenant_id, business_date from gone union all select tenant_id, business_date from src)') }}
        returning 1
    )
    {%- endif %}

    insert into {{ relation }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }}
    from src
    {#- Counting the deleted rows makes Postgres delete them before it inserts. #}
    where (select count(*) from gone) >= 0
{%- endmacro %}


{#- Days whose totals have to be made again: read by every aggregate, each from its own mark. -#}
{% macro record_days(rows) -%}
    insert into etl.touched_days as d (tenant_id, business_date, batch_id)
    select distinct r.tenant_id, r.business_date, {{ this_batch() }}
    from {% if rows.startswith('(') %}{{ rows }}{% else %}({{ rows }}){% endif %} as r
    where true
    on conflict (tenant_id, business_date) do update
    set batch_id = excluded.batch_id
{%- endmacro %}
