{#- The price on the shelf: with tax, unless the retailer shows prices without. -#}
{% macro lightspeed_shown_price(product, retailer) -%}
    (
        case
            when {{ retailer }}.is_tax_exclusive
                then coalesce({{ product }}.price_without_tax, {{ product }}.price_with_tax)
            else coalesce({{ product }}.price_with_tax, {{ product }}.price_without_tax)
        end
    )::numeric(19, 4)
{%- endmacro %}
