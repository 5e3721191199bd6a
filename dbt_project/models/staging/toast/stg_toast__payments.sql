with source as (
    {{ raw_rows('toast', 'payments') }}
),

unpacked as (
    select
        source.*,
        p.*
    from source
    cross join lateral jsonb_to_record(source.payload) as p (
        "orderGuid" text,
        "paymentStatus" text,
        refund jsonb,
        "voidInfo" jsonb
    )
)

select
    tenant_id,
    connection_id,
    location_id,
    id as payment_id,
    nullif("orderGuid", '') as order_id,
    coalesce(upper("paymentStatus") = 'VOIDED', false)
    or coalesce(jsonb_typeof("voidInfo") = 'object', false) as is_voided,
    case when jsonb_typeof(refund) = 'object' then refund end as refund,
    case when jsonb_typeof("voidInfo") = 'object' then "voidInfo" end as void_info,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
