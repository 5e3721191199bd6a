{{ config(meta={'replaces': ['tenant_id', 'business_date'], 'touched': 'touched_days'}) }}

with touched as materialized (
    {{ touched_days() }}
),

transactions as (
    select
        t.*,
        -- The halves of an exchange are settled together, so money and tenders are compared by group.
        sum(t.total_amount - t.tendered_amount) over (
            partition by t.tenant_id, t.pos_provider, t.transaction_group
        ) as untendered_amount
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
        (array_agg(pos_account_id))[1] as pos_account_id,
        {{ transaction_sums() }},
        count(*) filter (where transaction_type = 'sale' and not is_itemised)::integer as unitemised_count,
        count(*) filter (
            where transaction_type = 'sale' and tender_count = 0 and untendered_amount <> 0
        )::integer as sale_without_payment_count,
        count(*) filter (where tender_count > 0 and untendered_amount <> 0)::integer as tender_mismatch_count,
        count(*) filter (where pos_account_id is null)::integer as without_account_count
    from transactions
    group by tenant_id, business_date, pos_provider, location_id, currency
)

select
    tenant_id,
    business_date,
    pos_provider,
    location_id,
    currency,
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
    unitemised_count,
    sale_without_payment_count,
    tender_mismatch_count,
    without_account_count,
    {{ this_batch() }}::bigint as _batch_id
from sums
