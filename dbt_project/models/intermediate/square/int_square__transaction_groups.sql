{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'location_id']}],
) }}

-- Read only once there is something to compare with, so dbt has to be told:
-- depends_on: {{ ref('int_square__customers') }}
-- depends_on: {{ ref('int_square__team_members') }}
-- depends_on: {{ ref('int_accounts') }}

-- Which groups of objects have to be made again, whatever it was that changed: an object of the group, the payment a
-- refund belongs to, the name of its customer or cashier, or the shop's time zone.
with

{% if is_incremental() -%}
changed_customers as (
    select tenant_id, customer_id
    from {{ ref('int_square__customers') }}
    where _batch_id > {{ last_batch() }}
),

changed_cashiers as (
    select tenant_id, team_member_id
    from {{ ref('int_square__team_members') }}
    where _batch_id > {{ last_batch() }}
),

changed_shops as (
    select tenant_id, location_id
    from {{ ref('int_accounts') }}
    where _batch_id > {{ last_batch() }} and pos_provider = 'square'
),

payments as (
    select tenant_id, payment_id, transaction_group, location_id
    from {{ ref('int_square__payments') }}
    where _batch_id > {{ last_batch() }}
    union
    select p.tenant_id, p.payment_id, p.transaction_group, p.location_id
    from {{ ref('int_square__payments') }} as p
    inner join changed_customers as c on p.tenant_id = c.tenant_id and p.customer_id = c.customer_id
    union
    select p.tenant_id, p.payment_id, p.transaction_group, p.location_id
    from {{ ref('int_square__payments') }} as p
    inner join changed_cashiers as c on p.tenant_id = c.tenant_id and p.team_member_id = c.team_member_id
),

orders as (
    select tenant_id, order_id, location_id
    from {{ ref('int_square__orders') }}
    where _batch_id > {{ last_batch() }}
    union
    select o.tenant_id, o.order_id, o.location_id
    from {{ ref('int_square__orders') }} as o
    inner join changed_customers as c on o.tenant_id = c.tenant_id and o.customer_id = c.customer_id
),

refunds as (
    select tenant_id, refund_id, transaction_group, location_id
    from {{ ref('int_square__refunds') }}
    where _batch_id > {{ last_batch() }}
    union
    select r.tenant_id, r.refund_id, r.transaction_group, r.location_id
    from {{ ref('int_square__refunds') }} as r
    inner join payments as p on r.tenant_id = p.tenant_id and r.payment_id = p.payment_id
    union
    select r.tenant_id, r.refund_id, r.transaction_group, r.location_id
    from {{ ref('int_square__refunds') }} as r
    inner join changed_cashiers as c on r.tenant_id = c.tenant_id and r.team_member_id = c.team_member_id
),

-- An object that learns its order only now leaves the group it had alone.
left_groups as (
    select g.tenant_id, g.transaction_group, g.location_id
    from {{ this }} as g
    inner join payments as p on g.tenant_id = p.tenant_id and g.transaction_group = p.payment_id
    where p.payment_id <> p.transaction_group
    union all
    select g.tenant_id, g.transaction_group, g.location_id
    from {{ this }} as g
    inner join refunds as r on g.tenant_id = r.tenant_id and g.transaction_group = r.refund_id
    where r.refund_id <> r.transaction_group
),

groups_of_changed_shops as (
    select g.tenant_id, g.transaction_group, g.location_id
    from {{ this }} as g
    inner join changed_shops as s on g.tenant_id = s.tenant_id and g.location_id = s.location_id
),
{%- else -%}
payments as (
    select tenant_id, payment_id, transaction_group, location_id from {{ ref('int_square__payments') }}
),

orders as (
    select tenant_id, order_id, location_id from {{ ref('int_square__orders') }}
),

refunds as (
    select tenant_id, refund_id, transaction_group, location_id from {{ ref('int_square__refunds') }}
),
{%- endif %}

touched as (
    select tenant_id, order_id as transaction_group, location_id from orders
    union all
    select tenant_id, transaction_group, location_id from payments
    union all
    select tenant_id, transaction_group, location_id from refunds
    {% if is_incremental() -%}
    union all
    select tenant_id, transaction_group, location_id from left_groups
    union all
    select tenant_id, transaction_group, location_id from groups_of_changed_shops
    {%- endif %}
)

select
    tenant_id,
    transaction_group,
    coalesce(max(location_id), '') as location_id,
    {{ this_batch() }}::bigint as _batch_id
from touched
group by tenant_id, transaction_group
