{% test one_price_at_a_time(model) %}
    select tenant_id, pos_provider, pos_product_id, location_id
    from {{ recent(model) }} as t
    group by tenant_id, pos_provider, pos_product_id, location_id
    having count(*) filter (where valid_to is null) <> 1 or bool_or(valid_to < valid_from)
{% endtest %}
