{#-
    Whether another order of the tenant has a better claim to a check or payment than order `o` of group `touched`. A
    check that is moved keeps its guid and leaves a deleted copy behind, and the order it left may be known only as it
    was before: a copy that is not deleted wins, then the later version, then the greater guid.
-#}
{% macro held_elsewhere(part_id, is_deleted) -%}
    exists (
        select 1
        from {{ ref('int_toast__order_parts') }} as part
        where
            part.tenant_id = touched.tenant_id
            and part.part_id = {{ part_id }}
            and part.order_id <> touched.transaction_group
            and part.is_current
            and part.part_type <> 'employee'
            and (not part.is_deleted, part.modified_at, part.order_id)
            > (not {{ is_deleted }}, o.modified_at, touched.transaction_group)
    )
{%- endmacro %}
