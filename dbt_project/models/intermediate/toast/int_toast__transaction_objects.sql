{{ config(materialized='view') }}

-- An order, with the payments seen by themselves.
select
    tenant_id,
    order_id as transaction_group,
    'orders' as stream,
    order_id as object_id
from {{ ref('int_toast__orders') }}
union all
select
    tenant_id,
    order_id as transaction_group,
    'payments' as stream,
    payment_id as object_id
from {{ ref('int_toast__payments') }}
where order_id is not null
