with source as (
    {{ raw_rows('toast', 'restaurants') }}
),

unpacked as (
    select
        source.*,
        g.*
    from source
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(source.payload -> 'general') = 'object' then source.payload -> 'general' else '{}' end
    ) as g (
        name text,
        "locationName" text,
        "timeZone" text,
        "currencyCode" text,
        archived jsonb
    )
)

select
    tenant_id,
    connection_id,
    id as location_id,
    coalesce(nullif(trim("locationName"), ''), name) as location_name,
    "timeZone" as timezone,
    nullif(upper("currencyCode"), '') as currency,
    coalesce(archived <> 'true'::jsonb, true) as is_active,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
