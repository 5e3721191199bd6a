with source as (
    {{ raw_rows('lightspeed', 'outlets') }}
),

unpacked as (
    select
        source.*,
        o.*
    from source
    cross join lateral jsonb_to_record(source.payload) as o (
        name text,
        time_zone text,
        currency text,
        deleted_at text
    )
)

select
    tenant_id,
    connection_id,
    id as outlet_id,
    name as outlet_name,
    time_zone as timezone,
    nullif(upper(currency), '') as currency,
    nullif(deleted_at, '') is not null as is_deleted,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
