{#-
    Toast's ways of paying in the contract's words. A wallet is told only for payments that were not made at the till.
    Words Toast adds later become `other`.
-#}
{% macro toast_payment_method(kind, entry_mode) -%}
    case upper({{ kind }})
        when 'CASH' then 'cash'
        when 'CREDIT'
            then
                case
                    when upper({{ entry_mode }}) = 'CONTACTLESS' then 'contactless'
                    when upper({{ entry_mode }}) in ('APPLE_PAY_CNP', 'GOOGLE_PAY_CNP') then 'mobile'
                    else 'card'
                end
        when 'GIFTCARD' then 'gift_card'
        when 'TOAST_SV' then 'gift_card'
        when 'HOUSE_ACCOUNT' then 'on_account'
        else 'other'
    end
{%- endmacro %}
