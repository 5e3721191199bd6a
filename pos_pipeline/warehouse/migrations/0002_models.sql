-- What dbt has built, and which days of the marts have to be summed again.

create table etl.models (
    node text primary key,
    fingerprint text not null,
    built_at timestamptz not null default clock_timestamp()
);
comment on table etl.models is 'fingerprint of the SQL a relation was built from; a different one is rebuilt';

create table etl.touched_days (
    tenant_id uuid not null,
    business_date date not null,
    batch_id bigint not null,
    primary key (tenant_id, business_date)
);
comment on table etl.touched_days is 'business days that gained or lost a transaction, with the newest batch that did it';
create index on etl.touched_days (batch_id);
