with source as (
    {{ raw_rows('toast', 'employees') }}
),

unpacked as (
    select
        source.*,
        e.*
    from source
    cross join lateral jsonb_to_record(source.payload) as e (
        "firstName" text,
        "chosenName" text,
        "lastName" text
    )
)

select
    tenant_id,
    connection_id,
    id as employee_id,
    nullif(
        trim(concat_ws(' ', coalesce(nullif(trim("chosenName"), ''), trim("firstName")), trim("lastName"))), ''
    ) as cashier_name,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
