{#- A category with those above it, "Bakery / Bread"; by its own name when the path is not told. -#}
{% macro lightspeed_category(category) -%}
    coalesce(
        (
            select string_agg(coalesce(part.value ->> 'name', part.value #>> '{}'), ' / ' order by part.ordinality)
            from jsonb_array_elements({{ array_or_empty(category ~ " -> 'category_path'") }})
                with ordinality as part
        ),
        nullif({{ category }} ->> 'name', '')
    )
{%- endmacro %}
