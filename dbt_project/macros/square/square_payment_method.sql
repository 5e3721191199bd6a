{#-
    Square's ways of paying in the contract's words. Apple and Google Pay come as CARD; the wallet is named only
    for some. A Square gift card is a CARD of brand SQUARE_GIFT_CARD. Words Square adds later become `other`.
-#}
{% macro square_payment_method(kind, card_details, external_details='null::jsonb') -%}
    case
        when {{ kind }} = 'CASH' then 'cash'
        when
            {{ kind }} = 'SQUARE_GIFT_CARD'
            or {{ card_details }} -> 'card' ->> 'card_brand' = 'SQUARE_GIFT_CARD'
            or {{ external_details }} ->> 'type' = 'OTHER_GIFT_CARD'
            then 'gift_card'
        when {{ kind }} = 'WALLET' or {{ card_details }} ->> 'wallet_type' is not null then 'mobile'
        when {{ kind }} = 'CARD' and {{ card_details }} ->> 'entry_method' = 'CONTACTLESS' then 'contactless'
        when {{ kind }} in ('CARD', 'THIRD_PARTY_CARD') or {{ external_details }} ->> 'type' = 'CARD' then 'card'
        when {{ external_details }} ->> 'type' in ('EMONEY', 'SQUARE_CASH') then 'mobile'
        else 'other'
    end
{%- endmacro %}
