{{ config(materialized='view') }}

-- A sale is alone.
select
    tenant_id,
    sale_id as transaction_group,
    'sales' as stream,
    sale_id as object_id
from {{ ref('int_lightspeed__sales') }}
