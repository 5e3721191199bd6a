{% test sign_follows_type(model) %}
    select id, transaction_type, total_amount, voided_amount
    from {{ recent(model) }} as t
    where
        case transaction_type
            when 'sale' then total_amount < 0 or voided_amount <> 0
            when 'refund' then total_amount > 0 or voided_amount <> 0
            when 'void' then total_amount <> 0
            else true
        end
{% endtest %}
