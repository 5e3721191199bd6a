{% test parts_make_the_total(model) %}
    select id, subtotal, tax_amount, discount_amount, service_charge_amount, tip_amount, total_amount
    from {{ recent(model) }} as t
    where subtotal + tax_amount - discount_amount + service_charge_amount + tip_amount <> total_amount
{% endtest %}
