{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'location_id']}],
) }}

-- Read only once there is something to compare with, so dbt has to be told:
{% set named = {
    'customers': 'customer_id',
    'users': 'user_id',
    'registers': 'register_id',
    'payment_types': 'payment_type_id',
    'product_names': 'product_id',
} -%}
{% for name in named -%}
-- depends_on: {{ ref('int_lightspeed__' ~ name) }}
{% endfor -%}
-- depends_on: {{ ref('int_lightspeed__retailers') }}
-- depends_on: {{ ref('int_lightspeed__outlets') }}
-- depends_on: {{ ref('int_accounts') }}

-- Which sales have to be made again, whatever it was that changed: the sale, what it names (customer, cashier,
-- register, products, payment types), its retailer's or outlet's currency, or the shop's account.
with

{% if is_incremental() -%}
changed_names as (
    {% for name, column in named.items() -%}
    {% if not loop.first %}union all{% endif %}
    select tenant_id, {{ column }} as id
    from {{ ref('int_lightspeed__' ~ name) }}
    where _batch_id > {{ last_batch() }}
    {% endfor %}
),

changed_retailers as (
    select tenant_id, connection_id
    from {{ ref('int_lightspeed__retailers') }}
    where _batch_id > {{ last_batch() }}
),

changed_shops as (
    select tenant_id, location_id
    from {{ ref('int_accounts') }}
    where _batch_id > {{ last_batch() }} and pos_provider = 'lightspeed'
    union
    select tenant_id, outlet_id as location_id
    from {{ ref('int_lightspeed__outlets') }}
    where _batch_id > {{ last_batch() }}
),

touched as (
    select tenant_id, sale_id, location_id
    from {{ ref('int_lightspeed__sales') }}
    where _batch_id > {{ last_batch() }}
    union
    select s.tenant_id, s.sale_id, s.location_id
    from changed_names as c
    -- Kept apart by the offset: joined by tenant, every name would be looked for in every sale of the tenant.
    cross join lateral (
        select
            named.tenant_id,
            named.sale_id,
            named.location_id
        from {{ ref('int_lightspeed__sales') }} as named
        where named.named_ids ? c.id
        offset 0 -- noqa: AM09
    ) as s
    where s.tenant_id = c.tenant_id
    union
    select s.tenant_id, s.sale_id, s.location_id
    from {{ ref('int_lightspeed__sales') }} as s
    inner join changed_retailers as c on s.tenant_id = c.tenant_id and s.connection_id = c.connection_id
    union
    select g.tenant_id, g.transaction_group as sale_id, g.location_id
    from {{ this }} as g
    inner join changed_shops as c on g.tenant_id = c.tenant_id and g.location_id = c.location_id
)
{%- else -%}
touched as (
    select tenant_id, sale_id, location_id from {{ ref('int_lightspeed__sales') }}
)
{%- endif %}

select
    tenant_id,
    sale_id as transaction_group,
    max(location_id) as location_id,
    {{ this_batch() }}::bigint as _batch_id
from touched
group by tenant_id, sale_id
