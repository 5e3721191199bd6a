{% test unique_recent(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ recent(model) }} as t
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
