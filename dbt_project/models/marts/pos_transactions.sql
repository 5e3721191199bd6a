{{ config(materialized='view') }}

select
    t.id,
    t.tenant_id,
    t.pos_account_id,
    t.pos_transaction_id,
    t.pos_provider,
    t.transaction_at as transaction_date,
    t.transaction_type,
    t.status,
    t.subtotal,
    t.tax_amount,
    t.discount_amount,
    t.tip_amount,
    t.total_amount,
    t.currency,
    t.payment_method,
    t.card_last_four,
    t.card_brand,
    t.customer_name,
    t.customer_email,
    t.customer_phone,
    t.cashier_name,
    t.device_name,
    t.receipt_number,
    coalesce(deliveries.is_recorded, false) as synced_to_sales,
    deliveries.sales_record_id,
    deliveries.sync_error,
    t.created_at
from {{ ref('fct_transactions') }} as t
left join {{ ref('stg_app__sales_deliveries') }} as deliveries
    on t.tenant_id = deliveries.tenant_id and t.id = deliveries.transaction_id
