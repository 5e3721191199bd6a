{{ config(
    indexes=[
        {'columns': ['tenant_id', 'pos_provider', 'pos_transaction_id'], 'unique': true},
        {'columns': ['tenant_id', 'pos_provider', 'transaction_group']},
        {'columns': ['tenant_id', 'business_date']},
        {'columns': ['tenant_id', 'transaction_at']},
        {'columns': ['pos_account_id']},
        {'columns': ['_batch_id'], 'type': 'brin'},
    ],
    meta={
        'replaces': ['tenant_id', 'pos_provider', 'transaction_group'],
        'touched': 'touched_groups',
        'records_days': true,
    },
) }}

with touched as materialized (
    {{ touched_groups() }}
),

transactions as (
    {{ touched_rows('transactions') }}
),

located as (
    select
        transactions.*,
        accounts.pos_account_id,
        accounts.location_name,
        coalesce(accounts.known_timezone, 'UTC') as timezone,
        coalesce(accounts.day_closes_at, '00:00')::interval as day_closes_at
    from transactions
    left join {{ ref('int_accounts') }} as accounts
        on
            transactions.tenant_id = accounts.tenant_id
            and transactions.pos_provider = accounts.pos_provider
            and transactions.location_id = accounts.location_id
)

select
    {{ stable_uuid(['tenant_id', 'pos_provider', 'pos_transaction_id']) }} as id,
    tenant_id,
    pos_account_id,
    pos_provider,
    pos_transaction_id,
    transaction_group,
    case
        when original_transaction_id is not null
            then {{ stable_uuid(['tenant_id', 'pos_provider', 'original_transaction_id']) }}
    end as original_id,
    location_id,
    location_name,
    transaction_type,
    'completed' as status,
    currency,
    payment_method,
    card_brand,
    card_last_four,
    customer_id,
    customer_name,
    customer_email,
    customer_phone,
    cashier_id,
    cashier_name,
    device_name,
    receipt_number,
    subtotal,
    tax_amount,
    discount_amount,
    service_charge_amount,
    tip_amount,
    total_amount,
    voided_amount,
    tendered_amount,
    tender_count,
    is_itemised,
    transaction_at,
    transaction_at at time zone timezone as local_transaction_at,
    coalesce(provider_business_date, ((transaction_at at time zone timezone) - day_closes_at)::date) as business_date,
    pos_created_at as created_at,
    {{ this_batch() }}::bigint as _batch_id
from located
