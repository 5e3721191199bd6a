{% test values_among(model, column, values) %}
    select {{ column }}
    from {{ recent(model) }} as t
    where {{ column }} not in ('{{ values | join("', '") }}')
{% endtest %}
