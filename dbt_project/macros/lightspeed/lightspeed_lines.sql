{#-
    The lines of a sale, one row each in their order; members go by an old and a newer name. A line that was voided
    while the sale was open is not part of it. `price` and `tax` of a unit are after discount and apart from each
    other; `discount` is for information and before tax.
-#}
{% macro lightspeed_lines(line_items) -%}
    select
        each.ordinality as line_number,
        line.id as pos_line_id,
        nullif(line.product_id, '') as product_id,
        nullif(line.name, '') as line_name,
        nullif(line.gift_card_number, '') is not null as has_gift_card,
        line.is_return,
        amounts.quantity,
        coalesce(
            {{ decimal_amount('line.price_total') }}, {{ decimal_amount('line.total_price') }},
            {{ bounded('amounts.unit_price * amounts.quantity') }}, 0
        ) as net_amount,
        coalesce(
            {{ decimal_amount('line.tax_total') }}, {{ decimal_amount('line.total_tax') }},
            {{ bounded('amounts.unit_tax * amounts.quantity') }}, 0
        ) as tax_amount,
        coalesce(
            {{ decimal_amount('line.discount_total') }}, {{ decimal_amount('line.total_discount') }},
            {{ bounded('amounts.unit_discount * amounts.quantity') }}, 0
        ) as discount_amount,
        amounts.unit_price,
        coalesce(amounts.unit_tax, 0) as unit_tax,
        coalesce(amounts.unit_discount, 0) as unit_discount,
        {{ array_or_empty('line.surcharges') }} as surcharges
    from jsonb_array_elements({{ array_or_empty(line_items) }}) with ordinality as each
    cross join lateral jsonb_to_record({{ object_or_empty('each.value') }}) as line (
        id text,
        product_id text,
        name text,
        gift_card_number text,
        status text,
        is_return text,
        quantity text,
        price text,
        unit_price text,
        price_total text,
        total_price text,
        tax text,
        unit_tax text,
        tax_total text,
        total_tax text,
        discount text,
        unit_discount text,
        discount_total text,
        total_discount text,
        surcharges jsonb
    )
    cross join lateral (
        select
            coalesce({{ decimal_amount('line.quantity') }}, 1) as quantity,
            coalesce({{ decimal_amount('line.price') }}, {{ decimal_amount('line.unit_price') }}) as unit_price,
            coalesce({{ decimal_amount('line.tax') }}, {{ decimal_amount('line.unit_tax') }}) as unit_tax,
            coalesce({{ decimal_amount('line.discount') }}, {{ decimal_amount('line.unit_discount') }}) as unit_discount
    ) as amounts
    where jsonb_typeof(each.value) = 'object' and upper(line.status) is distinct from 'VOIDED'
{%- endmacro %}
