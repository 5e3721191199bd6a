{#-
    Brand of a card in the contract's words, from any POS's spelling: case, blanks, hyphens and underscores do not
    matter. Null without a card or when the POS does not know; a brand without a word of its own is `other`, so a
    word that is added at a POS tomorrow breaks nothing.
-#}
{% macro card_brand(word) -%}
    case regexp_replace(lower({{ word }}), '[^a-z]', '', 'g')
        {% for brand, words in {
            'visa': ['visa', 'visadebit', 'visaelectron', 'vpay'],
            'mastercard': ['mastercard', 'mastercarddebit', 'mc'],
            'amex': ['amex', 'americanexpress'],
            'discover': ['discover'],
            'diners': ['diners', 'dinersclub', 'discoverdiners', 'dinersclubinternational'],
            'jcb': ['jcb'],
            'unionpay': ['unionpay', 'chinaunionpay', 'cup'],
            'maestro': ['maestro'],
            'interac': ['interac'],
            'eftpos': ['eftpos'],
        }.items() -%}
            {% for each in words -%}
                when '{{ each }}' then '{{ brand }}'
            {% endfor -%}
        {% endfor -%}
        when '' then null
        when 'unknown' then null
        else case when {{ word }} is not null then 'other' end
    end
{%- endmacro %}
