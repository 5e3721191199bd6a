{{ config(indexes=[{'columns': ['tenant_id', 'part_id']}]) }}

with orders as (
    select
        tenant_id,
        order_id,
        employee_id,
        is_deleted,
        checks,
        modified_at
    from {{ ref('int_toast__orders') }}
    {% if is_incremental() -%}
        where _batch_id > {{ last_batch() }}
    {%- endif %}
),

checks as (
    select
        orders.*,
        checks.body,
        orders.is_deleted or coalesce(checks.body -> 'deleted' = 'true'::jsonb, false) as is_gone
    from orders
    cross join lateral jsonb_array_elements(orders.checks) as checks (body)
),

payments as (
    select
        checks.tenant_id,
        checks.order_id,
        checks.is_gone,
        checks.modified_at,
        payments.body
    from checks
    cross join lateral jsonb_array_elements({{ array_or_empty("checks.body -> 'payments'") }}) as payments (body)
),

named as (
    select tenant_id, order_id, body ->> 'guid' as part_id, 'check' as part_type, is_gone as is_deleted, modified_at
    from checks
    union all
    select tenant_id, order_id, body ->> 'guid' as part_id, 'payment' as part_type, is_gone as is_deleted, modified_at
    from payments
    union all
    select
        tenant_id,
        order_id,
        body -> 'server' ->> 'guid' as part_id,
        'employee' as part_type,
        false as is_deleted,
        modified_at
    from payments
    union all
    select
        tenant_id,
        order_id,
        body -> 'openedBy' ->> 'guid' as part_id,
        'employee' as part_type,
        false as is_deleted,
        modified_at
    from checks
    union all
    select tenant_id, order_id, employee_id as part_id, 'employee' as part_type, false as is_deleted, modified_at
    from orders
),

parts as (
    select tenant_id, order_id, part_id, part_type, is_deleted, true as is_current, modified_at
    from named
    where part_id <> ''
    {% if is_incremental() -%}
    -- What an order lost stays known: whoever else claims it may hold it from then on.
    union all
    select
        lost.tenant_id,
        lost.order_id,
        lost.part_id,
        lost.part_type,
        lost.is_deleted,
        false as is_current,
        orders.modified_at
    from orders
    inner join {{ this }} as lost on orders.tenant_id = lost.tenant_id and orders.order_id = lost.order_id
    {%- endif %}
)

select distinct on (tenant_id, order_id, part_id)
    tenant_id,
    order_id,
    part_id,
    part_type,
    is_deleted,
    is_current,
    modified_at,
    {{ this_batch() }}::bigint as _batch_id
from parts
order by tenant_id, order_id, part_id, is_current desc, is_deleted, part_type
