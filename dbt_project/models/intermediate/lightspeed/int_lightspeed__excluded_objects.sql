{{ config(materialized='view') }}

-- The few retailers without a known currency are found first, so that the sales of the others are not read.
with connections as (
    select tenant_id, connection_id
    from {{ ref('int_accounts') }}
    where pos_provider = 'lightspeed'
    union
    select tenant_id, connection_id
    from {{ ref('int_lightspeed__retailers') }}
),

doubtful as (
    select
        connections.tenant_id,
        connections.connection_id,
        retailers.currency
    from connections
    left join {{ ref('int_lightspeed__retailers') }} as retailers
        on connections.tenant_id = retailers.tenant_id and connections.connection_id = retailers.connection_id
    left join {{ ref('currencies') }} as known on retailers.currency = known.currency
    where known.currency is null
)

select
    s.tenant_id,
    s.location_id,
    'sale' as object_type,
    s.sale_id as object_id,
    coalesce(doubtful.currency, outlets.currency, accounts.currency) as currency
from doubtful
inner join {{ ref('int_lightspeed__sales') }} as s
    on doubtful.tenant_id = s.tenant_id and doubtful.connection_id = s.connection_id
left join {{ ref('int_lightspeed__outlets') }} as outlets
    on s.tenant_id = outlets.tenant_id and s.location_id = outlets.outlet_id
left join {{ ref('stg_app__accounts') }} as accounts
    on
        s.tenant_id = accounts.tenant_id
        and s.location_id = accounts.location_id
        and accounts.pos_provider = 'lightspeed'
left join {{ ref('currencies') }} as known
    on coalesce(doubtful.currency, outlets.currency, accounts.currency) = known.currency
where s.outcome is not null and known.currency is null
