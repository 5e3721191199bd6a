-- What a product was taken for, by whom, why and from when to when; what a person has said it is not.

alter table pos.catalog_products add column gtin text check (gtin ~ '^[0-9]{8,14}$');
comment on column pos.catalog_products.gtin is 'the number below the bar code: EAN, UPC or GTIN';
create unique index on pos.catalog_products (tenant_id, ltrim(gtin, '0')) where gtin is not null;

alter table pos.product_mappings add column reasons text[] not null default '{}';
comment on column pos.product_mappings.reasons is 'why a link was made without a person, in words';

create table pos.mapping_history (
    id bigint generated always as identity primary key,
    mapping_id uuid not null,
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid not null references pos.accounts (id),
    pos_product_id text not null,
    pos_product_name text not null,
    bakery_product_id uuid not null,
    bakery_product_name text not null,
    mapping_type text not null,
    confidence_score numeric(5, 4),
    mapped_by text not null,
    reasons text[] not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    check (valid_to >= valid_from)
);
comment on table pos.mapping_history is 'every state a mapping has had; a report of a past day is re-stated with those valid then';
comment on column pos.mapping_history.valid_to is 'null while it holds';
create unique index on pos.mapping_history (tenant_id, pos_account_id, pos_product_id) where valid_to is null;
create index on pos.mapping_history (tenant_id, pos_account_id, pos_product_id, valid_from);

create table pos.mapping_rejections (
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid not null references pos.accounts (id),
    pos_product_id text not null,
    bakery_product_id uuid not null references pos.catalog_products (id),
    rejected_by text not null,
    rejected_at timestamptz not null default now(),
    primary key (tenant_id, pos_account_id, pos_product_id, bakery_product_id)
);
comment on table pos.mapping_rejections is 'pairs a person has taken apart; they are never linked or suggested again';

create table pos.mapping_suggestions (
    tenant_id uuid not null references pos.tenants (id),
    pos_account_id uuid not null references pos.accounts (id),
    pos_product_id text not null,
    bakery_product_id uuid not null references pos.catalog_products (id),
    rank smallint not null,
    probability numeric(5, 4) not null check (probability between 0 and 1),
    reasons text[] not null,
    suggested_at timestamptz not null default now(),
    primary key (tenant_id, pos_account_id, pos_product_id, rank)
);
comment on table pos.mapping_suggestions is 'for products left to people: the nearest catalog products, made anew by each run';
create index on pos.mapping_suggestions (bakery_product_id);

create table pos.mapping_runs (
    tenant_id uuid primary key references pos.tenants (id),
    batch_id bigint not null,
    total_unmapped integer not null,
    mapped integer not null,
    ran_at timestamptz not null default now()
);
comment on column pos.mapping_runs.batch_id is 'the newest batch of the POS catalog that was looked at';

insert into pos.mapping_history (
    mapping_id, tenant_id, pos_account_id, pos_product_id, pos_product_name, bakery_product_id, bakery_product_name,
    mapping_type, confidence_score, mapped_by, reasons, valid_from
)
select
    id,
    tenant_id,
    pos_account_id,
    pos_product_id,
    pos_product_name,
    bakery_product_id,
    bakery_product_name,
    mapping_type,
    confidence_score,
    mapped_by,
    reasons,
    updated_at
from pos.product_mappings;

-- Runs as the owner, so that whoever may change mappings cannot change what they were.
create function pos.keep_mapping_history() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    moment timestamptz := clock_timestamp();
begin
    if tg_op <> 'INSERT' then
        update pos.mapping_history set valid_to = greatest(moment, valid_from)
        where tenant_id = old.tenant_id and pos_account_id = old.pos_account_id
            and pos_product_id = old.pos_product_id and valid_to is null;
    end if;
    if tg_op <> 'DELETE' then
        insert into pos.mapping_history (
            mapping_id, tenant_id, pos_account_id, pos_product_id, pos_product_name, bakery_product_id,
            bakery_product_name, mapping_type, confidence_score, mapped_by, reasons, valid_from
        ) values (
            new.id, new.tenant_id, new.pos_account_id, new.pos_product_id, new.pos_product_name, new.bakery_product_id,
            new.bakery_product_name, new.mapping_type, new.confidence_score, new.mapped_by, new.reasons, moment
        );
    end if;
    return null;
end
$$;

create trigger keep_history after insert or update or delete on pos.product_mappings
for each row execute function pos.keep_mapping_history();

do $$
declare
    name text;
begin
    foreach name in array array['mapping_history', 'mapping_rejections', 'mapping_suggestions', 'mapping_runs'] loop
        execute 'alter table pos.' || name || ' enable row level security';
        execute 'alter table pos.' || name || ' force row level security';
        execute 'create policy core on pos.' || name || ' to ' || quote_ident(current_user)
            || ' using (true) with check (true)';
        execute 'create policy tenant on pos.' || name
            || ' to pos_app using (tenant_id = pos.tenant()) with check (tenant_id = pos.tenant())';
    end loop;
end
$$;

grant select on pos.mapping_history to pos_app;
grant select, insert, delete on pos.mapping_rejections to pos_app;
grant select, insert, delete on pos.mapping_suggestions to pos_app;
grant select, insert, update on pos.mapping_runs to pos_app;
