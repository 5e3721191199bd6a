with source as (
    {{ raw_rows('square', 'locations') }}
),

unpacked as (
    select
        source.*,
        l.*
    from source
    cross join lateral jsonb_to_record(source.payload) as l (
        name text,
        status text,
        timezone text,
        currency text
    )
)

select
    tenant_id,
    connection_id,
    id as location_id,
    name as location_name,
    status,
    timezone,
    currency,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
