with source as (
    {{ raw_rows('square', 'catalog') }}
),

listed as (
    select
        source.*,
        c.*
    from source
    cross join lateral jsonb_to_record(source.payload) as c (
        type text,
        is_deleted jsonb,
        item_data jsonb,
        item_variation_data jsonb,
        category_data jsonb
    )
    where c.type in ('ITEM', 'ITEM_VARIATION', 'CATEGORY')
),

-- An item carries its variations whole, each with a version of its own.
embedded as (
    select
        listed.tenant_id,
        listed.connection_id,
        v.id as object_id,
        'ITEM_VARIATION' as object_type,
        coalesce(v.is_deleted = 'true'::jsonb, false) as is_deleted,
        v.item_variation_data as data,
        coalesce({{ instant('v.updated_at') }}, listed.version_at) as version_at,
        case
            when jsonb_typeof(v.version) = 'number' and v.version::numeric between 0 and 9e18 then v.version::bigint
            else 0
        end as version_no,
        listed.load_id,
        listed.fetched_at,
        listed.load_batch_id
    from listed
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("listed.item_data -> 'variations'") }}
    ) as variation
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(variation) = 'object' then variation else '{}'::jsonb end
    ) as v (
        id text,
        is_deleted jsonb,
        updated_at text,
        version jsonb,
        item_variation_data jsonb
    )
    where v.id is not null
),

objects as (
    select
        tenant_id,
        connection_id,
        id as object_id,
        type as object_type,
        coalesce(is_deleted = 'true'::jsonb, false) as is_deleted,
        coalesce(item_data, item_variation_data, category_data) as data,
        version_at,
        version_no,
        load_id,
        fetched_at,
        load_batch_id
    from listed
    union all
    select
        tenant_id,
        connection_id,
        object_id,
        object_type,
        is_deleted,
        data,
        version_at,
        version_no,
        load_id,
        fetched_at,
        load_batch_id
    from embedded
)

select
    objects.tenant_id,
    objects.connection_id,
    objects.object_id,
    objects.object_type,
    data ->> 'name' as object_name,
    case when object_type = 'ITEM_VARIATION' then data ->> 'item_id' end as item_id,
    case when object_type = 'ITEM_VARIATION' then nullif(data ->> 'sku', '') end as sku,
    case
        when object_type = 'ITEM'
            then coalesce(
                data -> 'reporting_category' ->> 'id', data ->> 'category_id', data #>> '{categories,0,id}'
            )
    end as category_id,
    case
        when object_type = 'ITEM' and jsonb_typeof(data -> 'variations') = 'array'
            then jsonb_path_query_array(data, '$.variations[*].id')
    end as variation_ids,
    case
        when object_type = 'ITEM_VARIATION' then {{ array_or_empty("data -> 'location_overrides'") }}
    end as location_overrides,
    {{ currency_of("(data -> 'price_money')") }} as currency,
    currencies.exponent,
    {{ minor("(data -> 'price_money')") }} as price_minor,
    objects.is_deleted,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from objects
left join {{ ref('currencies') }} as currencies
    on {{ currency_of("(data -> 'price_money')") }} = currencies.currency
