with source as (
    {{ raw_rows('lightspeed', 'customers') }}
),

unpacked as (
    select
        source.*,
        c.*
    from source
    cross join lateral jsonb_to_record(source.payload) as c (
        customer_code text,
        first_name text,
        last_name text,
        company_name text,
        email text,
        phone text,
        mobile text
    )
)

select
    tenant_id,
    connection_id,
    id as customer_id,
    coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), nullif(company_name, '')) as customer_name,
    nullif(email, '') as customer_email,
    coalesce(nullif(phone, ''), nullif(mobile, '')) as customer_phone,
    coalesce(customer_code = 'WALKIN', false) as is_walk_in,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
