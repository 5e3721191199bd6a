-- What the sales service has been told of every transaction, and which messages of other services were acted upon.

create table pos.sales_deliveries (
    tenant_id uuid not null references pos.tenants (id),
    transaction_id uuid not null,
    business_date date not null,
    is_waiting boolean not null default true,
    content_hash bytea,
    event_id uuid,
    queued_at timestamptz,
    acknowledged_at timestamptz,
    sales_record_id uuid,
    sync_error text,
    primary key (tenant_id, transaction_id)
) with (fillfactor = 80);
comment on table pos.sales_deliveries is 'one row per transaction noted for delivery; the marts hold what it says';
comment on column pos.sales_deliveries.is_waiting is 'made or made again since it was last compared with what was delivered';
comment on column pos.sales_deliveries.content_hash is 'of what was delivered last; null before the first time';
comment on column pos.sales_deliveries.event_id is 'message it was delivered with';
comment on column pos.sales_deliveries.acknowledged_at is 'when sales answered for exactly this content';
create index on pos.sales_deliveries (tenant_id, business_date);
create index on pos.sales_deliveries (tenant_id, business_date desc) where is_waiting;
create index on pos.sales_deliveries (tenant_id) where content_hash is not null and acknowledged_at is null;

create table pos.messages (
    message_id text not null,
    tenant_id uuid not null default '00000000-0000-0000-0000-000000000000',
    event_type text not null,
    body_digest bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (message_id, tenant_id)
);
comment on table pos.messages is 'messages of other services that were acted upon, so that one sent twice is acted upon once';
comment on column pos.messages.tenant_id is 'nil: it concerns all tenants';
create index on pos.messages (received_at);

do $$
declare
    name text;
begin
    foreach name in array array['sales_deliveries', 'messages'] loop
        execute 'alter table pos.' || name || ' enable row level security';
        execute 'alter table pos.' || name || ' force row level security';
        execute 'create policy core on pos.' || name || ' to ' || quote_ident(current_user)
            || ' using (true) with check (true)';
        execute 'create policy tenant on pos.' || name
            || ' to pos_app using (tenant_id = pos.tenant()) with check (tenant_id = pos.tenant())';
    end loop;
end
$$;

-- The contract's view shows a tenant what became of its transactions.
grant select on pos.sales_deliveries to pos_app;
