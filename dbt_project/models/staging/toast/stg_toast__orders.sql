with source as (
    {{ raw_rows('toast', 'orders') }}
),

unpacked as (
    select
        source.*,
        o.*
    from source
    cross join lateral jsonb_to_record(source.payload) as o (
        "displayNumber" text,
        "approvalStatus" text,
        "businessDate" text,
        "voidBusinessDate" text,
        "openedDate" text,
        "createdDate" text,
        "paidDate" text,
        "closedDate" text,
        "voidDate" text,
        deleted jsonb,
        voided jsonb,
        "excessFood" jsonb,
        "createdInTestMode" jsonb,
        server jsonb,
        checks jsonb
    )
)

select
    tenant_id,
    connection_id,
    location_id,
    id as order_id,
    nullif(server ->> 'guid', '') as employee_id,
    nullif(trim("displayNumber"), '') as receipt_number,
    coalesce(deleted = 'true'::jsonb, false) as is_deleted,
    coalesce(voided = 'true'::jsonb, false) as is_voided,
    coalesce("excessFood" <> 'true'::jsonb, true)
    and coalesce("createdInTestMode" <> 'true'::jsonb, true)
    and coalesce(upper("approvalStatus") not in ('FUTURE', 'NEEDS_APPROVAL', 'NOT_APPROVED'), true) as is_sale,
    coalesce(jsonb_typeof(checks) <> 'array', true) as is_unreadable,
    {{ array_or_empty('checks') }} as checks,
    {{ calendar_day('"businessDate"') }} as business_date,
    {{ calendar_day('"voidBusinessDate"') }} as void_business_date,
    coalesce({{ toast_instant('"createdDate"') }}, {{ toast_instant('"openedDate"') }}, version_at) as created_at,
    coalesce({{ toast_instant('"paidDate"') }}, {{ toast_instant('"closedDate"') }}) as paid_at,
    {{ toast_instant('"voidDate"') }} as void_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from unpacked
