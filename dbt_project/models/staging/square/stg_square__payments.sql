with source as (
    {{ raw_rows('square', 'payments') }}
),

unpacked as (
    select
        source.*,
        p.*
    from source
    cross join lateral jsonb_to_record(source.payload) as p (
        order_id text,
        customer_id text,
        team_member_id text,
        employee_id text,
        status text,
        source_type text,
        amount_money jsonb,
        tip_money jsonb,
        total_money jsonb,
        card_details jsonb,
        external_details jsonb,
        offline_payment_details jsonb,
        device_details jsonb,
        receipt_number text,
        buyer_email_address text,
        created_at text
    )
),

shaped as (
    select
        *,
        coalesce({{ currency_of('total_money') }}, {{ currency_of('amount_money') }}) as currency,
        card_details -> 'card' as card
    from unpacked
)

select
    shaped.tenant_id,
    shaped.connection_id,
    shaped.location_id,
    shaped.id as payment_id,
    nullif(shaped.order_id, '') as order_id,
    coalesce(nullif(shaped.order_id, ''), shaped.id) as transaction_group,
    shaped.customer_id,
    coalesce(shaped.team_member_id, shaped.employee_id) as team_member_id,
    shaped.status,
    {{ square_payment_method('source_type', 'card_details', 'external_details') }} as payment_method,
    {{ card_brand("(card ->> 'card_brand')") }} as card_brand,
    card ->> 'last_4' as card_last_four,
    device_details ->> 'device_name' as device_name,
    shaped.receipt_number,
    shaped.buyer_email_address as buyer_email,
    shaped.currency,
    currencies.exponent,
    coalesce(
        {{ minor('total_money') }}, {{ minor('amount_money') }} + {{ minor_or_zero('tip_money') }}, 0
    ) as total_minor,
    {{ minor_or_zero('tip_money') }} as tip_minor,
    coalesce({{ instant('created_at') }}, version_at) as created_at,
    {{ instant("(offline_payment_details ->> 'client_created_at')") }} as offline_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from shaped
left join {{ ref('currencies') }} as currencies on shaped.currency = currencies.currency
