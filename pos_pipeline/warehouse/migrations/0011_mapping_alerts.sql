-- Which unmapped products other services have been told of, so that each is told once.

create table pos.mapping_alerts (
    pos_account_id uuid primary key references pos.accounts (id),
    tenant_id uuid not null references pos.tenants (id),
    event_id uuid not null,
    unmapped_products integer not null,
    unmapped_revenue numeric(19, 4) not null,
    told_at timestamptz not null default clock_timestamp(),
    looked_at timestamptz not null default clock_timestamp()
);
comment on table pos.mapping_alerts is 'the last pos.mapping_needed of each shop';
comment on column pos.mapping_alerts.unmapped_revenue is 'in the shop''s currency, as it was told';
create index on pos.mapping_alerts (tenant_id);

create table pos.mapping_alert_products (
    pos_account_id uuid not null references pos.accounts (id),
    pos_product_id text not null,
    tenant_id uuid not null references pos.tenants (id),
    told_at timestamptz not null default clock_timestamp(),
    primary key (pos_account_id, pos_product_id)
);
comment on table pos.mapping_alert_products is 'unmapped products that were told; forgotten when they are mapped';

do $$
declare
    name text;
begin
    foreach name in array array['mapping_alerts', 'mapping_alert_products'] loop
        execute 'alter table pos.' || name || ' enable row level security';
        execute 'alter table pos.' || name || ' force row level security';
        execute 'create policy core on pos.' || name || ' to ' || quote_ident(current_user)
            || ' using (true) with check (true)';
        execute 'create policy tenant on pos.' || name
            || ' to pos_app using (tenant_id = pos.tenant()) with check (tenant_id = pos.tenant())';
    end loop;
end
$$;
