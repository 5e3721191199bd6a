{#-
    Touched sales of an outcome (`sale` or `void`, or any that is one) with their currency, which no sale tells: it is
    the retailer's, or else the outlet's, or while neither was read that of the linked shop. Amounts stay in major units with five decimals. Lists are left where they
    are: a build of everything would keep them all in memory.
-#}
{% macro lightspeed_settled(outcome=none) -%}
    select
        s.tenant_id,
        s.sale_id,
        s.location_id,
        s.original_sale_id,
        s.register_id,
        s.user_id,
        s.customer_id,
        s.receipt_number,
        s.outcome,
        s.is_on_account,
        s.total_amount,
        s.tax_amount,
        s.tip_amount,
        s.service_amount,
        s.discount_amount,
        s.charge_tax_amount,
        s.line_count,
        s.sold_at,
        s.created_at,
        retailers.retailer_id is null as is_retailer_unknown,
        retailers.discount_product_id,
        coalesce(retailers.is_tax_exclusive, false) as is_tax_exclusive,
        currencies.currency,
        currencies.exponent
    from touched
    inner join {{ ref('int_lightspeed__sales') }} as s
        on touched.tenant_id = s.tenant_id and touched.transaction_group = s.sale_id
    left join {{ ref('int_lightspeed__retailers') }} as retailers
        on s.tenant_id = retailers.tenant_id and s.connection_id = retailers.connection_id
    left join {{ ref('int_lightspeed__outlets') }} as outlets
        on s.tenant_id = outlets.tenant_id and s.location_id = outlets.outlet_id
    left join {{ ref('stg_app__accounts') }} as accounts
        on
            s.tenant_id = accounts.tenant_id
            and s.location_id = accounts.location_id
            and accounts.pos_provider = 'lightspeed'
    inner join {{ ref('currencies') }} as currencies
        on coalesce(retailers.currency, outlets.currency, accounts.currency) = currencies.currency
    where {% if outcome %}s.outcome = '{{ outcome }}'{% else %}s.outcome is not null{% endif %}
{%- endmacro %}
