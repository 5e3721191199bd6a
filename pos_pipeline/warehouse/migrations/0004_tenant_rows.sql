-- Who may see which rows. The core owns the tables and serves all tenants; whatever answers a tenant's
-- request does so as `pos_app`, which owns nothing, cannot step over policies, and names its tenant in
-- `pos.tenant_id` for the length of a transaction. Without a name it sees nothing.

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'pos_app') then
        create role pos_app nologin nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
exception
    when duplicate_object or unique_violation then null; -- made by a migration of another database meanwhile
end
$$;

-- From Postgres 16 on, who has made a role is a member of it, but may not become it without saying so.
do $$
declare
    may_become text := case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end;
begin
    if not pg_has_role(current_user, 'pos_app', may_become) then
        execute 'grant pos_app to ' || quote_ident(current_user);
    end if;
end
$$;

create function pos.tenant() returns uuid
language sql
stable
parallel safe
return nullif(current_setting('pos.tenant_id', true), '')::uuid;
comment on function pos.tenant is 'the tenant this transaction answers; null when none was named';

create function pos.sees(tenant_id uuid) returns boolean
language sql
stable
parallel safe
return current_user <> 'pos_app' or coalesce(tenant_id = pos.tenant(), false);
comment on function pos.sees is 'what a policy would say, for the views that read below what pos_app may read';

create table pos.idempotency_keys (
    tenant_id uuid not null references pos.tenants (id),
    key text not null,
    request_digest bytea not null,
    status integer,
    body jsonb,
    created_at timestamptz not null default now(),
    primary key (tenant_id, key)
);
comment on column pos.idempotency_keys.status is 'null while the first request with this key is being answered';
create index on pos.idempotency_keys (created_at);

do $$
declare
    name text;
begin
    foreach name in array array[
        'connections', 'accounts', 'sync_requests', 'sync_logs', 'webhooks', 'catalog_products', 'product_mappings',
        'known_products', 'quarantine', 'outbox', 'oauth_states', 'idempotency_keys'
    ] loop
        execute 'alter table pos.' || name || ' enable row level security';
        execute 'alter table pos.' || name || ' force row level security';
        execute 'create policy core on pos.' || name || ' to ' || quote_ident(current_user)
            || ' using (true) with check (true)';
        execute 'create policy tenant on pos.' || name
            || ' to pos_app using (tenant_id = pos.tenant()) with check (tenant_id = pos.tenant())';
    end loop;
    alter table pos.tenants enable row level security;
    alter table pos.tenants force row level security;
    execute 'create policy core on pos.tenants to ' || quote_ident(current_user) || ' using (true) with check (true)';
    create policy tenant on pos.tenants to pos_app using (id = pos.tenant());
end
$$;

grant usage on schema pos to pos_app;
grant select on
    pos.tenants, pos.sync_requests, pos.sync_logs, pos.webhooks, pos.catalog_products, pos.product_mappings,
    pos.known_products, pos.outbox
to pos_app;
-- Never the sealed tokens, nor what could not be loaded.
grant select (
    id, tenant_id, pos_provider, merchant_id, token_expires_at, token_renewed_at, scopes, attributes, status,
    error_type, error_message, live_since, created_at, updated_at
) on pos.connections to pos_app;
grant select (
    id, tenant_id, connection_id, pos_provider, account_name, location_id, location_name, timezone, currency,
    day_closes_at, sync_enabled, sync_frequency_minutes, last_sync_at, last_successful_sync_at, next_sync_at,
    webhook_id, webhook_url, status, error_message, error_count, last_error_at, created_at, updated_at
) on pos.accounts to pos_app;
grant select (id, tenant_id, connection_id, pos_provider, stream, object_id, reason, quarantined_at, released_at)
on pos.quarantine to pos_app;
grant update (account_name, sync_enabled, sync_frequency_minutes, next_sync_at, updated_at) on pos.accounts to pos_app;
grant insert, update, delete on pos.product_mappings to pos_app;
grant insert, update on pos.catalog_products to pos_app;
grant select, insert, update, delete on pos.idempotency_keys to pos_app;
