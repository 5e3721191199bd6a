{#-
    Whether a line belongs to a refund. All of them do when all the money of a check is given back and no line says what
    for. Else they name the same refund transaction, or the line names one that no refund of its check does, and then
    the check's first refund transaction takes it.
-#}
{% macro refund_takes(refund, line) -%}
    {{ line }}.line_class <> 'voided'
    and (
        {{ refund }}.is_whole
        or (
            {{ line }}.refund_amount + {{ line }}.refund_tax_amount > 0
            and (
                coalesce({{ line }}.refund_id, '') = {{ refund }}.refund_id
                or (
                    {{ refund }}.takes_strays
                    and not {{ refund }}.check_refund_ids ? coalesce({{ line }}.refund_id, '')
                )
            )
        )
    )
{%- endmacro %}

{#- What was given back of such a line's net amount, of its tax, and how much of its units. -#}
{% macro refunded_net(refund, line) -%}
    case when {{ refund }}.is_whole then {{ line }}.net_amount else {{ line }}.refund_amount end
{%- endmacro %}

{% macro refunded_tax(refund, line) -%}
    case when {{ refund }}.is_whole then {{ line }}.tax_amount else {{ line }}.refund_tax_amount end
{%- endmacro %}

{% macro refunded_part(refund, line) -%}
    case
        when {{ line }}.net_amount > 0 and not {{ refund }}.is_whole
            then greatest(least({{ line }}.refund_amount / {{ line }}.net_amount, 1), 0)
        else 1
    end
{%- endmacro %}


{#-
    What one of several payments that were given back together takes of an amount, rounded to the currency's decimals:
    the rounded share of everything given back so far less the share before, so that the parts always add up.
-#}
{% macro share_of_refund(amount) -%}
    coalesce(
        round({{ amount }} * reached_amount / nullif(together_amount, 0), share_decimals)
        - round({{ amount }} * (reached_amount - money_amount) / nullif(together_amount, 0), share_decimals),
        0
    )
{%- endmacro %}
