{{ config(indexes=[{'columns': ['_batch_id']}]) }}

-- Only what changed since the last run, so that a shop whose time zone, closing hour or name was corrected is noticed
-- by everything that was computed with it.
with accounts as (
    select
        tenant_id,
        pos_provider,
        location_id,
        pos_account_id,
        connection_id,
        location_name,
        timezone,
        day_closes_at
    from {{ ref('stg_app__accounts') }}
    {% if is_incremental() -%}
    except
    select
        tenant_id,
        pos_provider,
        location_id,
        pos_account_id,
        connection_id,
        location_name,
        timezone,
        day_closes_at
    from {{ this }}
    {%- endif %}
)

select
    tenant_id,
    pos_provider,
    location_id,
    pos_account_id,
    connection_id,
    location_name,
    timezone,
    case
        when exists (select from pg_catalog.pg_timezone_names as z where z.name = accounts.timezone)
            then accounts.timezone
        else 'UTC'
    end as known_timezone,
    day_closes_at,
    {{ this_batch() }}::bigint as _batch_id
from accounts
