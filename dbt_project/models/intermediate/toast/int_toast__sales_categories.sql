{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

-- An archived category is no longer listed; its last row goes on naming it.
select distinct on (tenant_id, entity_id)
    tenant_id,
    entity_id as sales_category_id,
    entity_name as sales_category_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__configuration') }}
where
    entity_type = 'SalesCategory'
    {% if is_incremental() -%}
        and load_batch_id > {{ last_batch() }}
    {%- endif %}
order by tenant_id, entity_id, {{ newest_first() }}
