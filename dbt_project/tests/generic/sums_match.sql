{#- Days the aggregate made lately, against the rows they were made from. -#}
{% test sums_match(model, column, source, source_column) %}
    with days as (
        select distinct tenant_id, business_date from {{ recent(model) }} as t
    ),

    kept as (
        select m.tenant_id, m.business_date, sum(m.{{ column }}) as amount
        from days
        inner join {{ model }} as m on days.tenant_id = m.tenant_id and days.business_date = m.business_date
        group by m.tenant_id, m.business_date
    ),

    given as (
        select s.tenant_id, s.business_date, sum(s.{{ source_column }}) as amount
        from days
        inner join {{ ref('fct_transactions') }} as h
            on days.tenant_id = h.tenant_id and days.business_date = h.business_date
        inner join {{ source }} as s
            on
                h.tenant_id = s.tenant_id
                and h.id = s.{% if 'transaction_items' in (source | string) %}transaction_id{% else %}id{% endif %}
        group by s.tenant_id, s.business_date
    )

    select kept.tenant_id, kept.business_date, kept.amount, given.amount as expected
    from kept
    full join given on kept.tenant_id = given.tenant_id and kept.business_date = given.business_date
    where kept.amount is distinct from given.amount
{% endtest %}
