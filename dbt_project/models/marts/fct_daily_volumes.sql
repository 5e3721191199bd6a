{{ config(meta={'replaces': ['tenant_id', 'business_date']}) }}

with touched as (
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
    touched.tenant_id,
    touched.business_date,
    sums.pos_provider,
    sums.location_id,
    sums.currency,
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
    sums.unitemised_count,
    sums.sale_without_payment_count,
    sums.tender_mismatch_count,
    sums.without_account_count,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join sums
    on touched.tenant_id = sums.tenant_id and touched.business_date = sums.business_date
