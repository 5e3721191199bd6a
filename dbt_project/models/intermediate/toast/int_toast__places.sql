{{ config(indexes=[{'columns': ['_batch_id']}]) }}

-- Only what changed since the last run: a restaurant that is first read, or moved, makes no order again as long as its
-- currency is the one its linked account already had.
with places as (
    select
        coalesce(restaurants.tenant_id, accounts.tenant_id) as tenant_id,
        coalesce(restaurants.location_id, accounts.location_id) as location_id,
        coalesce(restaurants.currency, accounts.currency) as currency
    from {{ ref('int_toast__restaurants') }} as restaurants
    full join (
        select tenant_id, location_id, currency
        from {{ ref('stg_app__accounts') }}
        where pos_provider = 'toast'
    ) as accounts
        on restaurants.tenant_id = accounts.tenant_id and restaurants.location_id = accounts.location_id
    {% if is_incremental() -%}
    except
    select tenant_id, location_id, currency
    from {{ this }}
    {%- endif %}
)

select
    places.tenant_id,
    places.location_id,
    places.currency,
    currencies.exponent,
    {{ this_batch() }}::bigint as _batch_id
from places
left join {{ ref('currencies') }} as currencies on places.currency = currencies.currency
