{{ config(
    indexes=[{'columns': ['_batch_id']}],
    meta={'newest_by': version_columns()},
) }}

select distinct on (tenant_id, team_member_id)
    tenant_id,
    team_member_id,
    cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    {{ this_batch() }}::bigint as _batch_id
from {{ ref('stg_square__team_members') }}
{{ where_new_loads() }}
order by tenant_id, team_member_id, {{ newest_first() }}
