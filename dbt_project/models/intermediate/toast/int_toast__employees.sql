{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, employee_id)
    tenant_id,
    employee_id,
    cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_toast__employees') }}
{{ where_new_loads() }}
order by tenant_id, employee_id, {{ newest_first() }}
