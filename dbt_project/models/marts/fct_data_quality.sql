{{ config(materialized='view', meta={'filters_rows': true}) }}

with accounts as (
    select * from {{ ref('int_accounts') }}
),

volumes as (
    select
        tenant_id,
        pos_account_id,
        pos_provider,
        location_id,
        sum(unitemised_count) as unitemised,
        sum(sale_without_payment_count) as unpaid,
        sum(tender_mismatch_count) as mismatched,
        sum(without_account_count) as without_account
    from {{ ref('fct_daily_volumes') }}
    group by tenant_id, pos_account_id, pos_provider, location_id
),

product_sales as (
    select * from {{ ref('fct_daily_product_sales') }}
),

unknown_currency as (
    select
        objects.tenant_id,
        accounts.pos_account_id,
        objects.pos_provider,
        'unknown_currency' as rule,
        'error' as severity,
        count(*) as affected_count,
        format(
            '%s objects are in %s, which seeds/currencies.csv lacks: add it there. They are in no fact until then.',
            count(*), string_agg(distinct objects.currency, ', ')
        ) as message
    from ({{ union_providers('excluded_objects') }}) as objects
    left join accounts
        on
            objects.tenant_id = accounts.tenant_id
            and objects.pos_provider = accounts.pos_provider
            and objects.location_id = accounts.location_id
    where objects.currency is not null
    group by objects.tenant_id, accounts.pos_account_id, objects.pos_provider
),

object_not_counted as (
    select
        objects.tenant_id,
        accounts.pos_account_id,
        objects.pos_provider,
        'object_not_counted' as rule,
        'warning' as severity,
        count(*) as affected_count,
        format(
            '%s objects (%s) are in no fact: what they belong to has not arrived, or they lack what the POS documents.',
            count(*), string_agg(distinct objects.object_type, ', ')
        ) as message
    from ({{ union_providers('excluded_objects') }}) as objects
    left join accounts
        on
            objects.tenant_id = accounts.tenant_id
            and objects.pos_provider = accounts.pos_provider
            and objects.location_id = accounts.location_id
    where objects.currency is null
    group by objects.tenant_id, accounts.pos_account_id, objects.pos_provider
),

transaction_without_account as (
    select
        tenant_id,
        null::uuid as pos_account_id,
        pos_provider,
        'transaction_without_account' as rule,
        'error' as severity,
        sum(without_account) as affected_count,
        format(
            '%s transactions are of locations that are not linked (%s); their business date is in UTC. '
            'Link the till again to add its new locations.',
            sum(without_account), string_agg(location_id, ', ' order by location_id)
        ) as message
    from volumes
    where without_account > 0
    group by tenant_id, pos_provider
),

sale_without_payment as (
    select
        tenant_id,
        pos_account_id,
        pos_provider,
        'sale_without_payment' as rule,
        'warning' as severity,
        unpaid as affected_count,
        format('%s completed sales have no payment yet; a sweep reads late payments again.', unpaid) as message
    from volumes
    where unpaid > 0
),

tenders_do_not_add_up as (
    select
        tenant_id,
        pos_account_id,
        pos_provider,
        'tenders_do_not_add_up' as rule,
        'warning' as severity,
        mismatched as affected_count,
        format('%s transactions were paid with more or less than their total.', mismatched) as message
    from volumes
    where mismatched > 0
),

unitemised_sale as (
    select
        tenant_id,
        pos_account_id,
        pos_provider,
        'unitemised_sale' as rule,
        'info' as severity,
        unitemised as affected_count,
        format('%s sales name no products; they count as "Custom amount".', unitemised) as message
    from volumes
    where unitemised > 0
),

line_sums as (
    select
        tenant_id,
        pos_provider,
        location_id,
        business_date,
        currency,
        sum(net_amount) as line_amount
    from product_sales
    group by tenant_id, pos_provider, location_id, business_date, currency
),

lines_do_not_add_up as (
    select
        volumes.tenant_id,
        volumes.pos_account_id,
        volumes.pos_provider,
        'lines_do_not_add_up' as rule,
        'error' as severity,
        count(*) as affected_count,
        format(
            '%s business days have transactions whose lines do not sum up to their total (first on %s).',
            count(*), min(volumes.business_date)
        ) as message
    from {{ ref('fct_daily_volumes') }} as volumes
    left join line_sums
        on
            volumes.tenant_id = line_sums.tenant_id
            and volumes.pos_provider = line_sums.pos_provider
            and volumes.location_id = line_sums.location_id
            and volumes.business_date = line_sums.business_date
            and volumes.currency = line_sums.currency
    where
        volumes.total_amount - volumes.tip_amount - volumes.service_charge_amount
        <> coalesce(line_sums.line_amount, 0)
    group by volumes.tenant_id, volumes.pos_account_id, volumes.pos_provider
),

unmapped_revenue as (
    select
        sold.tenant_id,
        sold.pos_account_id,
        sold.pos_provider,
        'unmapped_revenue' as rule,
        'warning' as severity,
        count(distinct unmapped.product_key) as affected_count,
        format(
            '%s products are not mapped to the catalog: %s %% of what was sold.',
            count(distinct unmapped.product_key),
            coalesce(round(100 * sum(unmapped.unmapped_revenue) / nullif(sum(sold.net_amount), 0), 1), 0)
        ) as message
    from (
        select tenant_id, pos_account_id, pos_provider, product_key, currency, sum(net_amount) as net_amount
        from product_sales
        where pos_account_id is not null and line_type not in ('adjustment', 'deferred')
        group by tenant_id, pos_account_id, pos_provider, product_key, currency
    ) as sold
    left join {{ ref('fct_unmapped_products') }} as unmapped
        on
            sold.tenant_id = unmapped.tenant_id
            and sold.pos_account_id = unmapped.pos_account_id
            and sold.product_key = unmapped.product_key
            and sold.currency = unmapped.currency
    group by sold.tenant_id, sold.pos_account_id, sold.pos_provider
    having count(unmapped.product_key) > 0
),

product_not_in_catalog as (
    select
        sold.tenant_id,
        sold.pos_account_id,
        sold.pos_provider,
        'product_not_in_catalog' as rule,
        'info' as severity,
        count(distinct sold.pos_product_id) as affected_count,
        format(
            '%s products were sold that the POS catalog does not list; their SKU and category are unknown.',
            count(distinct sold.pos_product_id)
        ) as message
    from product_sales as sold
    where
        sold.pos_product_id is not null
        and not exists (
            select 1
            from {{ ref('dim_products') }} as products
            where
                products.tenant_id = sold.tenant_id
                and products.pos_provider = sold.pos_provider
                and products.pos_product_id = sold.pos_product_id
        )
    group by sold.tenant_id, sold.pos_account_id, sold.pos_provider
),

quarantined_record as (
    select
        tenant_id,
        null::uuid as pos_account_id,
        pos_provider,
        'quarantined_record' as rule,
        'error' as severity,
        count(*) as affected_count,
        format(
            '%s records could not be loaded (%s); look at them with `pos-pipeline quarantine`.',
            count(*), string_agg(distinct stream, ', ')
        ) as message
    from {{ ref('stg_app__quarantine') }}
    where released_at is null
    group by tenant_id, pos_provider
),

location_without_account as (
    select
        locations.tenant_id,
        null::uuid as pos_account_id,
        locations.pos_provider,
        'location_without_account' as rule,
        'warning' as severity,
        count(*) as affected_count,
        format(
            '%s active locations of the POS are not linked (%s); link the till again to add them.',
            count(*), string_agg(locations.location_id, ', ' order by locations.location_id)
        ) as message
    from ({{ union_providers('locations') }}) as locations
    left join accounts
        on
            locations.tenant_id = accounts.tenant_id
            and locations.pos_provider = accounts.pos_provider
            and locations.location_id = accounts.location_id
    where locations.is_active and accounts.pos_account_id is null
    group by locations.tenant_id, locations.pos_provider
),

timezone_differs as (
    select
        accounts.tenant_id,
        accounts.pos_account_id,
        accounts.pos_provider,
        'timezone_differs' as rule,
        case when accounts.timezone <> accounts.known_timezone then 'error' else 'warning' end as severity,
        1 as affected_count,
        case
            when accounts.timezone <> accounts.known_timezone
                then format(
                    'Time zone %s is unknown, business dates are in UTC: correct the account.', accounts.timezone
                )
            else format(
                'The account is in %s but the POS says %s: correct whichever is wrong.',
                accounts.timezone, locations.timezone
            )
        end as message
    from accounts
    left join ({{ union_providers('locations') }}) as locations
        on
            accounts.tenant_id = locations.tenant_id
            and accounts.pos_provider = locations.pos_provider
            and accounts.location_id = locations.location_id
    where accounts.timezone <> accounts.known_timezone or accounts.timezone <> locations.timezone
),

mapping_to_inactive_product as (
    select
        mappings.tenant_id,
        mappings.pos_account_id,
        accounts.pos_provider,
        'mapping_to_inactive_product' as rule,
        'warning' as severity,
        count(*) as affected_count,
        format('%s products are mapped to catalog products that are inactive: map them anew.', count(*)) as message
    from {{ ref('stg_app__product_mappings') }} as mappings
    inner join {{ ref('stg_app__catalog_products') }} as products
        on mappings.mapped_product_id = products.catalog_product_id and not products.is_active
    inner join {{ ref('stg_app__accounts') }} as accounts
        on mappings.pos_account_id = accounts.pos_account_id
    group by mappings.tenant_id, mappings.pos_account_id, accounts.pos_provider
),

findings as (
    {% for rule in [
        'unknown_currency',
        'object_not_counted',
        'transaction_without_account',
        'sale_without_payment',
        'tenders_do_not_add_up',
        'lines_do_not_add_up',
        'unitemised_sale',
        'unmapped_revenue',
        'product_not_in_catalog',
        'quarantined_record',
        'location_without_account',
        'timezone_differs',
        'mapping_to_inactive_product',
    ] -%}
        {% if not loop.first %}union all{% endif %}
        select tenant_id, pos_account_id, pos_provider, rule, severity, affected_count, message from {{ rule }}
    {% endfor %}
)

select
    tenant_id,
    pos_account_id,
    pos_provider,
    rule,
    severity,
    message,
    affected_count::bigint as affected_count
from findings
where pos.sees(tenant_id)
