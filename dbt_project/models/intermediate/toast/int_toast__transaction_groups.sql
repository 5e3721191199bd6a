{{ config(
    indexes=[{'columns': ['_batch_id']}, {'columns': ['tenant_id', 'location_id']}],
) }}

-- Read only once there is something to compare with, so dbt has to be told:
-- depends_on: {{ ref('int_toast__order_parts') }}
-- depends_on: {{ ref('int_toast__employees') }}
-- depends_on: {{ ref('int_toast__places') }}
-- depends_on: {{ ref('int_accounts') }}

-- Which orders have to be made again, whatever it was that changed: the order, a payment seen by itself, an order that
-- claims the same check, the name of an employee, or the currency, time zone or closing hour of the restaurant.
with

{% if is_incremental() -%}
changed_orders as (
    select tenant_id, order_id
    from {{ ref('int_toast__orders') }}
    where _batch_id > {{ last_batch() }}
),

changed_employees as (
    select tenant_id, employee_id
    from {{ ref('int_toast__employees') }}
    where _batch_id > {{ last_batch() }}
),

changed_places as (
    select tenant_id, location_id
    from {{ ref('int_toast__places') }}
    where _batch_id > {{ last_batch() }}
    union
    select tenant_id, location_id
    from {{ ref('int_accounts') }}
    where _batch_id > {{ last_batch() }} and pos_provider = 'toast'
),

touched_orders as (
    select tenant_id, order_id from changed_orders
    union
    select other.tenant_id, other.order_id
    from changed_orders as o
    inner join {{ ref('int_toast__order_parts') }} as own
        on o.tenant_id = own.tenant_id and o.order_id = own.order_id and own.part_type <> 'employee'
    inner join {{ ref('int_toast__order_parts') }} as other
        on own.tenant_id = other.tenant_id and own.part_id = other.part_id
    union
    select p.tenant_id, p.order_id
    from changed_employees as e
    inner join {{ ref('int_toast__order_parts') }} as p
        on e.tenant_id = p.tenant_id and e.employee_id = p.part_id and p.part_type = 'employee'
),

orders as (
    select o.tenant_id, o.order_id, o.location_id
    from touched_orders as t
    inner join {{ ref('int_toast__orders') }} as o on t.tenant_id = o.tenant_id and t.order_id = o.order_id
),

payments as (
    select tenant_id, order_id, location_id
    from {{ ref('int_toast__payments') }}
    where _batch_id > {{ last_batch() }}
),

groups_of_changed_places as (
    select g.tenant_id, g.transaction_group, g.location_id
    from {{ this }} as g
    inner join changed_places as p on g.tenant_id = p.tenant_id and g.location_id = p.location_id
),
{%- else -%}
orders as (
    select tenant_id, order_id, location_id from {{ ref('int_toast__orders') }}
),

payments as (
    select tenant_id, order_id, location_id from {{ ref('int_toast__payments') }}
),
{%- endif %}

touched as (
    select tenant_id, order_id as transaction_group, location_id from orders
    union all
    select tenant_id, order_id as transaction_group, location_id from payments
    where order_id is not null
    {% if is_incremental() -%}
    union all
    select tenant_id, transaction_group, location_id from groups_of_changed_places
    {%- endif %}
)

select
    tenant_id,
    transaction_group,
    coalesce(max(location_id), '') as location_id,
    {{ this_batch() }}::bigint as _batch_id
from touched
group by tenant_id, transaction_group
