{{ config(materialized='view') }}

-- `exponent` is indexed, so the few objects without one are found without reading the rest.
select tenant_id, location_id, 'order' as object_type, order_id as object_id, currency
from {{ ref('int_square__orders') }}
where exponent is null and currency is not null
union all
select tenant_id, location_id, 'payment' as object_type, payment_id as object_id, currency
from {{ ref('int_square__payments') }}
where exponent is null and currency is not null
union all
select tenant_id, location_id, 'refund' as object_type, refund_id as object_id, currency
from {{ ref('int_square__refunds') }}
where exponent is null and currency is not null
