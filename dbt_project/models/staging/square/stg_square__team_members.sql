with source as (
    {{ raw_rows('square', 'team_members') }}
)

select
    tenant_id,
    connection_id,
    id as team_member_id,
    nullif(trim(concat_ws(' ', payload ->> 'given_name', payload ->> 'family_name')), '') as cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
