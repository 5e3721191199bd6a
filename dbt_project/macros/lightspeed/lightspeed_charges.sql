{#-
    What a sale carries besides its lines, as one row: tip, charges and discounts before tax, and the tax components
    that come with them. Kinds go by `type` or `adjustment_type`; a kind of tomorrow is a charge, or a discount when
    it lowers the total.
-#}
{% macro lightspeed_charges(adjustments, total) -%}
    select
        coalesce(sum(amount) filter (where kind = 'TIP'), 0) as tip_amount,
        coalesce(sum(amount) filter (where kind not in ('TIP', 'DISCOUNT') and amount * sign >= 0), 0)
            as service_amount,
        coalesce(-sum(amount) filter (where kind = 'DISCOUNT' or (kind <> 'TIP' and amount * sign < 0)), 0)
            as discount_amount,
        coalesce(sum(amount), 0) as listed_amount,
        coalesce(sum(tax_amount), 0) as tax_amount,
        coalesce(bool_or(kind = 'ECOM_CUSTOM_CHARGE'), false) as lists_ecom_charges
    from (
        select
            coalesce(upper(coalesce(each.value ->> 'adjustment_type', each.value ->> 'type')), '') as kind,
            {{ decimal_or_zero("(each.value ->> 'value')") }} as amount,
            {{ lightspeed_component_tax("(each.value -> 'tax_components')") }} as tax_amount,
            case when {{ total }} < 0 then -1 else 1 end as sign
        from jsonb_array_elements({{ array_or_empty(adjustments) }}) as each (value)
    ) as adjustments
{%- endmacro %}


{#- Tax in a list of components, without sign: a return keeps the sign of its sale. -#}
{% macro lightspeed_component_tax(components) -%}
    coalesce(
        (
            select sum(abs({{ decimal_or_zero("(component.value ->> 'total_tax')") }}))
            from jsonb_array_elements({{ array_or_empty(components) }}) as component (value)
        ),
        0
    )
{%- endmacro %}
