{% test lines_make_the_total(model) %}
    select t.id, t.total_amount, sum(i.line_total) as line_sum
    from {{ recent(model) }} as t
    left join {{ ref('fct_transaction_items') }} as i
        on t.tenant_id = i.tenant_id and t.id = i.transaction_id
    where t.transaction_type <> 'void'
    group by t.tenant_id, t.id, t.total_amount, t.tip_amount, t.service_charge_amount
    having coalesce(sum(i.line_total), 0) <> t.total_amount - t.tip_amount - t.service_charge_amount
{% endtest %}
