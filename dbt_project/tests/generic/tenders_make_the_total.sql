{% test tenders_make_the_total(model) %}
    select tenant_id, pos_provider, transaction_group
    from {{ recent(model) }} as t
    group by tenant_id, pos_provider, transaction_group
    having sum(total_amount) <> sum(tendered_amount) and sum(tender_count) > 0
{% endtest %}
