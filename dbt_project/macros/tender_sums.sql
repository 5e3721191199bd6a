{#- What the tenders of transaction `t` come to: their method, the card of the largest, their number and sum. -#}
{% macro tender_sums(provider) -%}
    select
        case when count(distinct d.payment_method) > 1 then 'split' else min(d.payment_method) end as payment_method,
        (
            array_agg(d.card_brand order by abs(d.amount) desc, d.pos_tender_id)
            filter (where d.card_brand is not null)
        )[1] as card_brand,
        (
            array_agg(d.card_last_four order by abs(d.amount) desc, d.pos_tender_id)
            filter (where d.card_last_four is not null)
        )[1] as card_last_four,
        count(*) as tender_count,
        coalesce(sum(d.amount), 0) as tendered_amount
    from {{ ref('int_' ~ provider ~ '__transaction_tenders') }} as d
    where
        d.tenant_id = t.tenant_id
        and d.transaction_group = t.transaction_group
        and d.pos_transaction_id = t.pos_transaction_id
{%- endmacro %}
