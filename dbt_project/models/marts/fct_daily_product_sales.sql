{{ config(meta={'replaces': ['tenant_id', 'business_date'], 'touched': 'touched_days'}) }}

with touched as materialized (
    {{ touched_days() }}
),

items as (
    select
        i.*,
        coalesce(i.pos_product_id, i.line_type || ':' || i.product_name) as product_key
    from touched
    inner join {{ ref('fct_transactions') }} as t
        on touched.tenant_id = t.tenant_id and touched.business_date = t.business_date
    inner join {{ ref('fct_transaction_items') }} as i
        on t.tenant_id = i.tenant_id and t.id = i.transaction_id
),

sums as (
    select
        tenant_id,
        business_date,
        pos_provider,
        location_id,
        product_key,
        currency,
        (array_agg(pos_account_id))[1] as pos_account_id,
        min(pos_product_id) as pos_product_id,
        (array_agg(product_name order by transaction_at desc, transaction_id, line_number))[1] as product_name,
        (array_agg(variation_name order by transaction_at desc, transaction_id, line_number))[1] as variation_name,
        min(line_type) as line_type,
        count(distinct transaction_id) filter (where transaction_type = 'sale') as sale_count,
        count(distinct transaction_id) filter (where transaction_type = 'refund') as refund_count,
        coalesce(sum(quantity) filter (where transaction_type = 'sale'), 0) as quantity_sold,
        coalesce(-sum(quantity) filter (where transaction_type = 'refund'), 0) as quantity_refunded,
        coalesce(sum(line_total) filter (where transaction_type = 'sale'), 0) as sales_amount,
        coalesce(-sum(line_total) filter (where transaction_type = 'refund'), 0) as refund_amount,
        sum(line_total) as net_amount,
        sum(tax_amount) as tax_amount,
        sum(discount_amount) as discount_amount
    from items
    group by tenant_id, business_date, pos_provider, location_id, product_key, currency
)

select
    tenant_id,
    business_date,
    pos_provider,
    location_id,
    product_key,
    currency,
    pos_account_id,
    pos_product_id,
    product_name,
    variation_name,
    line_type,
    sale_count::integer as sale_count,
    refund_count::integer as refund_count,
    quantity_sold::numeric(19, 5) as quantity_sold,
    quantity_refunded::numeric(19, 5) as quantity_refunded,
    sales_amount::numeric(19, 4) as sales_amount,
    refund_amount::numeric(19, 4) as refund_amount,
    net_amount::numeric(19, 4) as net_amount,
    tax_amount::numeric(19, 4) as tax_amount,
    discount_amount::numeric(19, 4) as discount_amount,
    {{ this_batch() }}::bigint as _batch_id
from sums
