{#-
    What seeds/lightspeed_payment_types.csv says (`payment_method` or `card_brand`) of a payment type: its number in
    the whole platform, and the name the merchant gave it, without accents and in lower case. The first row that fits
    and says anything wins; null when none does.
-#}
{% macro lightspeed_payment_type(says, type_id, name) -%}
    (
        select kinds.{{ says }}
        from {{ ref('lightspeed_payment_types') }} as kinds
        where
            kinds.{{ says }} is not null
            and (
                kinds.type_id = {{ type_id }}
                or lower(
                    translate(
                        {{ name }},
                        'ÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÇÑáàâäãåéèêëíìîïóòôöõúùûüçñ',
                        'AAAAAAEEEEIIIIOOOOOUUUUCNaaaaaaeeeeiiiiooooouuuucn'
                    )
                ) ~ kinds.pattern
            )
        order by kinds.priority
        limit 1
    )
{%- endmacro %}
