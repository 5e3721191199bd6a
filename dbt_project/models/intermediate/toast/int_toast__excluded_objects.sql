{{ config(materialized='view') }}

-- Orders of a restaurant whose currency is unknown are found by it, so that nothing else is read.
select
    places.tenant_id,
    places.location_id,
    'order' as object_type,
    orders.order_id as object_id,
    places.currency
from {{ ref('int_toast__places') }} as places
inner join {{ ref('int_toast__orders') }} as orders
    on places.tenant_id = orders.tenant_id and places.location_id = orders.location_id
where places.exponent is null
union all
select tenant_id, location_id, 'order' as object_type, order_id as object_id, null as currency
from {{ ref('int_toast__orders') }}
where is_unreadable and is_sale and not is_deleted
union all
select tenant_id, location_id, 'check' as object_type, check_id as object_id, null as currency
from {{ ref('int_toast__checks') }}
where is_unreadable
union all
-- Payments whose order has not come yet; they count as soon as it does.
select
    payments.tenant_id,
    payments.location_id,
    'payment' as object_type,
    payments.payment_id as object_id,
    null as currency
from {{ ref('int_toast__payments') }} as payments
where
    not exists (
        select 1
        from {{ ref('int_toast__orders') }} as orders
        where orders.tenant_id = payments.tenant_id and orders.order_id = payments.order_id
    )
