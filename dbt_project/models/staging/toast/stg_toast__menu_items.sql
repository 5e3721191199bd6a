with source as (
    {{ raw_rows('toast', 'menus') }}
),

-- Groups lie in menus and in other groups, to any depth.
menu_groups as (
    select
        source.*,
        menu_group.value as menu_group,
        menu_group.position as group_position
    from source
    cross join lateral jsonb_path_query(
        source.payload -> 'menus', 'strict $.**.menuGroups ? (@.type() == "array")[*]'
    ) with ordinality as menu_group (value, position)
),

listed as (
    select
        menu_groups.*,
        i.*,
        row_number() over (
            partition by
                menu_groups.tenant_id,
                menu_groups.id,
                menu_groups.version_at,
                menu_groups.load_id,
                menu_groups.fetched_at,
                i.guid
            order by menu_groups.group_position, item.position
        ) as occurrence
    from menu_groups
    cross join lateral jsonb_array_elements(
        {{ array_or_empty("menu_groups.menu_group -> 'menuItems'") }}
    ) with ordinality as item (value, position)
    cross join lateral jsonb_to_record(
        case when jsonb_typeof(item.value) = 'object' then item.value else '{}' end
    ) as i (
        guid text,
        "multiLocationId" text,
        name text,
        "kitchenName" text,
        sku text,
        price text,
        "salesCategory" jsonb
    )
    where nullif(i.guid, '') is not null
)

select
    tenant_id,
    connection_id,
    coalesce(nullif(location_id, ''), id) as location_id,
    guid as item_id,
    nullif("multiLocationId", '') as multi_location_id,
    coalesce(
        nullif(nullif(trim(name), ''), 'Missing name'), nullif(trim("kitchenName"), ''), 'Missing name'
    ) as item_name,
    nullif(trim(sku), '') as sku,
    nullif("salesCategory" ->> 'guid', '') as sales_category_id,
    nullif(trim("salesCategory" ->> 'name'), '') as sales_category_name,
    nullif(trim(menu_group ->> 'name'), '') as group_name,
    round({{ decimal_amount('price') }}, 4) as price,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from listed
where occurrence = 1
