{{ config(meta={'replaces': ['tenant_id', 'business_date'], 'touched': 'touched_days'}) }}

with touched as materialized (
    {{ touched_days() }}
),

transactions as (
    select
        t.*,
        date_trunc('hour', t.transaction_at, 'UTC') as hour_starts_at,
        extract(hour from t.local_transaction_at)::integer as local_hour
    from touched
    inner join {{ ref('fct_transactions') }} as t
        on touched.tenant_id = t.tenant_id and touched.business_date = t.business_date
),

sums as (
    select
        tenant_id,
        business_date,
        pos_provider,
        location_id,
        currency,
        hour_starts_at,
        local_hour,
        (array_agg(pos_account_id))[1] as pos_account_id,
        {{ transaction_sums() }}
    from transactions
    group by tenant_id, business_date, pos_provider, location_id, currency, hour_starts_at, local_hour
)

select
    tenant_id,
    business_date,
    pos_provider,
    location_id,
    currency,
    hour_starts_at,
    local_hour,
    pos_account_id,
    sale_count,
    refund_count,
    void_count,
    sales_amount,
    refund_amount,
    voided_amount,
    tax_amount,
    discount_amount,
    service_charge_amount,
    tip_amount,
    total_amount,
    {{ this_batch() }}::bigint as _batch_id
from sums
