with source as (
    {{ raw_rows('square', 'customers') }}
),

unpacked as (
    select
        source.*,
        c.*
    from source
    cross join lateral jsonb_to_record(source.payload) as c (
        given_name text,
        family_name text,
        company_name text,
        nickname text,
        email_address text,
        phone_number text
    )
)

select
    tenant_id,
    connection_id,
    id as customer_id,
    coalesce(nullif(trim(concat_ws(' ', given_name, family_name)), ''), company_name, nickname) as customer_name,
    email_address as customer_email,
    phone_number as customer_phone,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
