-- Control tables: who is linked, what was read, what was loaded, what is to be said.
-- Names of the customer's contract are kept: each pos_* name is a view with exactly its columns.

create schema pos;
create schema etl;

-- Tenants, grants, shops ------------------------------------------------------------------------

create table pos.tenants (
    id uuid primary key default gen_random_uuid(),
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null,
    created_at timestamptz not null default now()
);

create table pos.connections (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    pos_provider text not null,
    merchant_id text not null,
    access_token bytea,
    refresh_token bytea,
    token_expires_at timestamptz,
    token_renewed_at timestamptz,
    scopes text[] not null default '{}',
    attributes jsonb not null default '{}',
    status text not null default 'active' check (status in ('active', 'disconnected', 'error')),
    error_type text,
    error_message text,
    live_since timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, pos_provider, merchant_id)
);
comment on column pos.connections.access_token is 'sealed; see pos_pipeline/accounts/vault.py';
comment on column pos.connections.live_since is 'live syncs begin here; everything before belongs to history windows';

create table pos.accounts (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    connection_id uuid not null references pos.connections (id),
    pos_provider text not null,
    account_name text not null,
    location_id text not null,
    location_name text not null,
    timezone text not null,
    currency text not null,
    day_closes_at time not null default '00:00',
    sync_enabled boolean not null default true,
    sync_frequency_minutes integer not null default 15 check (sync_frequency_minutes between 1 and 1440),
    last_sync_at timestamptz,
    last_successful_sync_at timestamptz,
    next_sync_at timestamptz not null default now(),
    webhook_id text,
    webhook_url text,
    webhook_signature_key bytea,
    status text not null default 'active' check (status in ('active', 'disconnected', 'error')),
    error_message text,
    error_count integer not null default 0,
    last_error_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, pos_provider, location_id)
);
comment on column pos.accounts.day_closes_at is 'local hour at which the shop''s business day ends';
create index on pos.accounts (tenant_id, status);
create index on pos.accounts (connection_id);
create index on pos.accounts (next_sync_at) where sync_enabled and status = 'active';

create view pos.pos_accounts as
select
    a.id,
    a.tenant_id,
    a.pos_provider,
    a.account_name,
    a.location_id,
    a.location_name,
    c.access_token,
    c.refresh_token,
    c.token_expires_at,
    c.merchant_id,
    a.sync_enabled,
    a.sync_frequency_minutes,
    a.last_sync_at,
    a.last_successful_sync_at,
    a.next_sync_at,
    a.webhook_id,
    a.webhook_url,
    a.webhook_signature_key,
    a.status,
    a.error_message,
    a.error_count,
    a.last_error_at,
    a.created_at,
    a.updated_at
from pos.accounts as a
inner join pos.connections as c on a.connection_id = c.id;

create table pos.oauth_states (
    state_hash bytea primary key,
    tenant_id uuid not null references pos.tenants (id),
    pos_provider text not null,
    redirect_uri text not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null default now()
);

-- Work asked for and work done ------------------------------------------------------------------

create table pos.sync_requests (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    connection_id uuid not null references pos.connections (id),
    kind text not null check (kind in ('live', 'window')),
    reason text not null check (reason in ('due', 'webhook', 'manual', 'backfill', 'sweep', 'message', 'link')),
    window_start timestamptz,
    window_end timestamptz,
    status text not null default 'pending' check (status in ('pending', 'running', 'done', 'failed')),
    attempts integer not null default 0,
    not_before timestamptz not null default now(),
    error_message text,
    requested_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    check (kind = 'live' or (window_start is not null and window_end > window_start))
);
create unique index sync_requests_coalesce
on pos.sync_requests (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
where status = 'pending';
create index on pos.sync_requests (not_before) where status = 'pending';

create table pos.sync_logs (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid not null references pos.accounts (id),
    kind text not null default 'live' check (kind in ('live', 'window')),
    window_start timestamptz,
    window_end timestamptz,
    sync_started_at timestamptz not null,
    sync_completed_at timestamptz,
    sync_duration_seconds numeric(12, 3),
    status text not null check (status in ('in_progress', 'success', 'partial', 'failed')),
    error_type text,
    error_message text,
    transactions_fetched integer not null default 0,
    transactions_processed integer not null default 0,
    transactions_failed integer not null default 0,
    new_products_discovered integer not null default 0,
    unmapped_products_count integer not null default 0,
    requests_made integer not null default 0,
    load_id text,
    run_id text,
    created_at timestamptz not null default now()
);
create index on pos.sync_logs (pos_account_id, sync_started_at desc);
create index on pos.sync_logs (tenant_id, sync_started_at desc);
create index on pos.sync_logs (pos_account_id) where status = 'in_progress';

create view pos.pos_sync_logs as
select
    id,
    tenant_id,
    pos_account_id,
    sync_started_at,
    sync_completed_at,
    sync_duration_seconds,
    status,
    error_message,
    transactions_fetched,
    transactions_processed,
    transactions_failed,
    new_products_discovered,
    unmapped_products_count,
    created_at
from pos.sync_logs;

create table pos.webhooks (
    id bigint generated always as identity primary key,
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid references pos.accounts (id),
    connection_id uuid not null references pos.connections (id),
    pos_provider text not null,
    webhook_event_id text not null,
    event_type text not null,
    event_data jsonb not null,
    received_at timestamptz not null default clock_timestamp(),
    processed_at timestamptz,
    processing_status text not null default 'pending' check (processing_status in ('pending', 'processed', 'failed')),
    error_message text,
    retry_count integer not null default 0,
    unique (pos_provider, connection_id, webhook_event_id)
);
create index on pos.webhooks (received_at) where processing_status = 'pending';

create view pos.pos_webhooks as
select
    id,
    tenant_id,
    pos_account_id,
    webhook_event_id,
    event_type,
    event_data,
    received_at,
    processed_at,
    processing_status,
    error_message,
    retry_count
from pos.webhooks;

-- Catalog and mapping ---------------------------------------------------------------------------

create table pos.catalog_products (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    name text not null,
    sku text,
    category text,
    unit text,
    inventory_item_id uuid,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index on pos.catalog_products (tenant_id, sku) where sku is not null;
create index on pos.catalog_products (tenant_id);

create table pos.product_mappings (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid not null references pos.accounts (id),
    pos_product_id text not null,
    pos_product_name text not null,
    pos_product_sku text,
    pos_category text,
    bakery_product_id uuid not null references pos.catalog_products (id),
    bakery_product_name text not null,
    mapping_type text not null check (mapping_type in ('manual', 'auto', 'sku', 'id')),
    confidence_score numeric(5, 4) check (confidence_score between 0 and 1),
    mapped_by text not null default 'system',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, pos_account_id, pos_product_id)
);

create view pos.pos_product_mappings as
select
    id,
    tenant_id,
    pos_account_id,
    pos_product_id,
    pos_product_name,
    pos_product_sku,
    pos_category,
    bakery_product_id,
    bakery_product_name,
    mapping_type,
    confidence_score,
    created_at,
    updated_at
from pos.product_mappings;

create table pos.known_products (
    tenant_id uuid not null references pos.tenants (id),
    connection_id uuid not null references pos.connections (id),
    pos_product_id text not null,
    first_seen_at timestamptz not null default now(),
    primary key (connection_id, pos_product_id)
);

-- What could not be loaded, what is to be said --------------------------------------------------

create table pos.quarantine (
    id bigint generated always as identity primary key,
    tenant_id uuid not null references pos.tenants (id),
    connection_id uuid not null references pos.connections (id),
    pos_provider text not null,
    stream text not null,
    object_id text,
    reason text not null,
    payload bytea not null,
    payload_digest bytea not null,
    quarantined_at timestamptz not null default now(),
    released_at timestamptz,
    unique (connection_id, stream, payload_digest)
);

create table pos.outbox (
    id uuid primary key default gen_random_uuid(),
    sequence bigint generated always as identity,
    tenant_id uuid not null references pos.tenants (id),
    routing_key text not null,
    payload jsonb not null,
    pos_provider text,
    load_id text,
    created_at timestamptz not null default now(),
    published_at timestamptz,
    attempts integer not null default 0,
    last_error text
);
comment on column pos.outbox.load_id is 'when set, the event is published only after dbt has modelled that load';
create index on pos.outbox (sequence) where published_at is null;

create table pos.rate_budgets (
    key text primary key,
    tokens double precision not null,
    refilled_at timestamptz not null,
    blocked_until timestamptz
);

-- Loads and models ------------------------------------------------------------------------------

create table etl.loads (
    pos_provider text not null,
    load_id text not null,
    batch_id bigint,
    row_count bigint not null,
    run_id text,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (pos_provider, load_id)
);
comment on table etl.loads is 'raw rows whose load is not here do not exist';
create index on etl.loads (batch_id);
create index on etl.loads (load_id) where batch_id is null;

create table etl.batches (
    batch_id bigint generated always as identity primary key,
    claimed_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    status text not null default 'running' check (status in ('running', 'done', 'failed'))
);

create table etl.model_progress (
    model text primary key,
    batch_id bigint not null,
    updated_at timestamptz not null default now()
);

create table etl.watermarks (
    connection_id uuid not null references pos.connections (id),
    stream text not null,
    position_at timestamptz,
    position_no bigint,
    recent bytea not null default '',
    read_at timestamptz not null,
    load_id text,
    primary key (connection_id, stream)
);
comment on column etl.watermarks.recent is '8-byte digests of the payloads inside the overlap (of all, for a snapshot), so that a quiet sync loads nothing';

create table etl.history_windows (
    connection_id uuid not null references pos.connections (id),
    stream text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    rows_loaded bigint not null,
    load_id text,
    finished_at timestamptz not null default now(),
    primary key (connection_id, stream, window_start, window_end)
);
comment on table etl.history_windows is 'sub-windows already committed, so that an interrupted import goes on where it stopped';
