{{ config(meta={'replaces': ['tenant_id', 'business_date']}) }}

with touched as (
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
    touched.tenant_id,
    touched.business_date,
    sums.pos_provider,
    sums.location_id,
    sums.currency,
    sums.hour_starts_at,
    sums.local_hour,
    sums.pos_account_id,
    sums.sale_count,
    sums.refund_count,
    sums.void_count,
    sums.sales_amount,
    sums.refund_amount,
    sums.voided_amount,
    sums.tax_amount,
    sums.discount_amount,
    sums.service_charge_amount,
    sums.tip_amount,
    sums.total_amount,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join sums
    on touched.tenant_id = sums.tenant_id and touched.business_date = sums.business_date
