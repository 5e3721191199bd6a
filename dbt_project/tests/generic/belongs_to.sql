{% test belongs_to(model, parent, column, parent_column) %}
    select t.{{ column }}
    from {{ recent(model) }} as t
    where not exists (
        select 1
        from {{ parent }} as p
        where p.tenant_id = t.tenant_id and p.{{ parent_column }} = t.{{ column }}
    )
{% endtest %}
