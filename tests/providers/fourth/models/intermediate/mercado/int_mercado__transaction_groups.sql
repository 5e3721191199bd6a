{{ config(materialized='view', contract={'enforced': false}) }}

select
    tenant_id,
    sale_id as transaction_group,
    location_id,
    _batch_id
from {{ ref('stg_mercado__sales') }}
