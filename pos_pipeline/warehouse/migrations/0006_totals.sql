-- What is counted over all syncs there ever were. Logs are many and may one day be forgotten; totals never go down.

create table pos.sync_totals (
    pos_account_id uuid primary key references pos.accounts (id),
    transactions_processed bigint not null default 0,
    requests_made bigint not null default 0,
    timed_syncs bigint not null default 0,
    within_5_seconds bigint not null default 0,
    within_10_seconds bigint not null default 0,
    within_30_seconds bigint not null default 0,
    within_60_seconds bigint not null default 0,
    within_120_seconds bigint not null default 0,
    within_300_seconds bigint not null default 0,
    sync_seconds numeric(16, 3) not null default 0,
    unmapped_products integer
) with (fillfactor = 50);
comment on table pos.sync_totals is 'ended syncs of an account, added up in the transaction that ends one';
comment on column pos.sync_totals.timed_syncs is 'without the interrupted: nobody knows how long those took';
comment on column pos.sync_totals.unmapped_products is 'as the last sync has counted them; null before the first';

create table pos.sync_error_totals (
    pos_account_id uuid not null references pos.accounts (id),
    error_type text not null,
    errors bigint not null default 0,
    primary key (pos_account_id, error_type)
) with (fillfactor = 50);
comment on table pos.sync_error_totals is 'ended syncs of an account that met an error, by its kind';

insert into pos.sync_totals (
    pos_account_id, transactions_processed, requests_made, timed_syncs, within_5_seconds, within_10_seconds,
    within_30_seconds, within_60_seconds, within_120_seconds, within_300_seconds, sync_seconds, unmapped_products
)
select
    pos_account_id,
    sum(transactions_processed) as transactions_processed,
    sum(requests_made) as requests_made,
    count(seconds) as timed_syncs,
    count(*) filter (where seconds <= 5) as within_5_seconds,
    count(*) filter (where seconds <= 10) as within_10_seconds,
    count(*) filter (where seconds <= 30) as within_30_seconds,
    count(*) filter (where seconds <= 60) as within_60_seconds,
    count(*) filter (where seconds <= 120) as within_120_seconds,
    count(*) filter (where seconds <= 300) as within_300_seconds,
    coalesce(sum(seconds), 0) as sync_seconds,
    (array_agg(unmapped_products_count order by sync_completed_at desc) filter (where seconds is not null))[1]
    as unmapped_products
from (
    select
        *,
        case when coalesce(error_type, '') <> 'interrupted' then sync_duration_seconds end as seconds
    from pos.sync_logs
    where status <> 'in_progress'
) as ended
group by pos_account_id;

insert into pos.sync_error_totals (pos_account_id, error_type, errors)
select
    pos_account_id,
    error_type,
    count(*) as errors
from pos.sync_logs
where status <> 'in_progress' and error_type is not null
group by pos_account_id, error_type;

alter table pos.rate_budgets add column refusals bigint not null default 0;
comment on column pos.rate_budgets.refusals is 'how often the POS has answered 429';

create index on pos.product_mappings (tenant_id, created_at, id);
