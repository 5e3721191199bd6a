{{ config(materialized='view') }}

with sales as (
    select *
    from {{ ref('fct_daily_product_sales') }}
    where pos_account_id is not null and line_type not in ('adjustment', 'deferred')
),

mappings as (
    select * from {{ ref('stg_app__product_mappings') }}
),

products as (
    select * from {{ ref('dim_products') }}
)

select
    sales.tenant_id,
    sales.pos_account_id,
    sales.pos_provider,
    sales.product_key,
    sales.currency,
    sales.pos_product_id,
    coalesce(max(products.product_name), max(sales.product_name)) as product_name,
    coalesce(max(products.variation_name), max(sales.variation_name)) as variation_name,
    min(sales.line_type) as line_type,
    max(products.product_sku) as product_sku,
    max(products.category) as category,
    sum(sales.sale_count)::bigint as transaction_count,
    sum(sales.quantity_sold)::numeric(19, 5) as quantity_sold,
    sum(sales.net_amount)::numeric(19, 4) as unmapped_revenue,
    min(sales.business_date) as first_sold_on,
    max(sales.business_date) as last_sold_on
from sales
left join products
    on
        sales.tenant_id = products.tenant_id
        and sales.pos_provider = products.pos_provider
        and sales.pos_product_id = products.pos_product_id
where not exists (
    select 1
    from mappings
    where
        mappings.tenant_id = sales.tenant_id
        and mappings.pos_account_id = sales.pos_account_id
        and mappings.pos_product_id = sales.pos_product_id
)
group by
    sales.tenant_id,
    sales.pos_account_id,
    sales.pos_provider,
    sales.product_key,
    sales.currency,
    sales.pos_product_id
