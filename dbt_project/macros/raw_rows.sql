{#-
    Raw rows of one stream whose load is in the ledger and claimed, with the batch that claimed it.
    Rows of any other load do not exist: their writer may still be at work, or has given up.
-#}
{% macro raw_rows(provider, stream) -%}
    select
        r.tenant_id,
        r.connection_id,
        r.location_id,
        r.id,
        r.version_at,
        coalesce(r.version_no, 0) as version_no,
        r._dlt_load_id as load_id,
        r.fetched_at,
        r.payload,
        l.batch_id as load_batch_id
    from {{ source('raw_' ~ provider, stream) }} as r
    inner join {{ source('etl', 'loads') }} as l
        on l.pos_provider = '{{ provider }}' and r._dlt_load_id = l.load_id and l.batch_id is not null
{%- endmacro %}


{#- In a model that keeps latest versions: only loads claimed since it last ran. -#}
{% macro where_new_loads() -%}
    {%- if is_incremental() -%}
        where load_batch_id > {{ last_batch() }}
    {%- endif -%}
{%- endmacro %}


{#-
    Columns by which the latest version of an object is told, newest last. Ties end with the load, then its time.
    A POS that numbers all its changes in one sequence is `numbered`: its numbers decide, whatever its clock says.
-#}
{% macro version_columns(numbered=false) -%}
    {{ return((['version_no', 'version_at'] if numbered else ['version_at', 'version_no']) + ['load_id', 'fetched_at']) }}
{%- endmacro %}

{% macro newest_first(numbered=false) -%}
    {% if numbered -%}
        version_no desc, version_at desc, load_id desc, fetched_at desc
    {%- else -%}
        version_at desc, version_no desc, load_id desc, fetched_at desc
    {%- endif %}
{%- endmacro %}
