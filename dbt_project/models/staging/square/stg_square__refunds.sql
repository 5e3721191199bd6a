with source as (
    {{ raw_rows('square', 'refunds') }}
),

unpacked as (
    select
        source.*,
        r.*
    from source
    cross join lateral jsonb_to_record(source.payload) as r (
        payment_id text,
        order_id text,
        team_member_id text,
        status text,
        amount_money jsonb,
        destination_type text,
        destination_details jsonb,
        created_at text
    )
),

shaped as (
    select
        *,
        {{ currency_of('amount_money') }} as currency,
        destination_details -> 'card_details' as card_details
    from unpacked
)

select
    shaped.tenant_id,
    shaped.connection_id,
    shaped.location_id,
    shaped.id as refund_id,
    nullif(shaped.order_id, '') as order_id,
    coalesce(nullif(shaped.order_id, ''), shaped.id) as transaction_group,
    nullif(shaped.payment_id, '') as payment_id,
    shaped.team_member_id,
    shaped.status,
    case
        when destination_type is not null
            then {{ square_payment_method(
                'destination_type', 'card_details', "(destination_details -> 'external_details')"
            ) }}
    end as payment_method,
    {{ card_brand("(card_details -> 'card' ->> 'card_brand')") }} as card_brand,
    card_details -> 'card' ->> 'last_4' as card_last_four,
    shaped.currency,
    currencies.exponent,
    {{ minor_or_zero('amount_money') }} as amount_minor,
    coalesce({{ instant('created_at') }}, version_at) as created_at,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from shaped
left join {{ ref('currencies') }} as currencies on shaped.currency = currencies.currency
