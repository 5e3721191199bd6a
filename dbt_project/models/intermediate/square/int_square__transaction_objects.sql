{{ config(materialized='view') }}

-- An order, with its payments and refunds.
select
    tenant_id,
    order_id as transaction_group,
    'orders' as stream,
    order_id as object_id
from {{ ref('int_square__orders') }}
union all
select
    tenant_id,
    transaction_group,
    'payments' as stream,
    payment_id as object_id
from {{ ref('int_square__payments') }}
union all
select
    tenant_id,
    transaction_group,
    'refunds' as stream,
    refund_id as object_id
from {{ ref('int_square__refunds') }}
