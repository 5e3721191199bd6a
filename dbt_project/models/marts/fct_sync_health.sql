{{ config(materialized='view') }}

with accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

tenants as (
    select * from {{ ref('stg_app__tenants') }}
)

select
    accounts.tenant_id,
    accounts.pos_account_id,
    tenants.tenant_slug,
    accounts.pos_provider,
    accounts.location_id,
    accounts.location_name,
    accounts.status,
    accounts.error_message,
    accounts.error_count,
    recent.sync_count::integer as sync_count_24h,
    recent.failed_count::integer as failed_sync_count_24h,
    (recent.success_count::numeric / nullif(recent.finished_count, 0))::numeric(5, 4) as success_rate_24h,
    recent.average_seconds::numeric(12, 3) as average_sync_seconds_24h,
    recent.slowest_seconds::numeric(12, 3) as slowest_sync_seconds_24h,
    coalesce(recent.transactions_processed, 0)::bigint as transactions_processed_24h,
    coalesce(recent.transactions_failed, 0)::bigint as transactions_failed_24h,
    extract(epoch from now() - accounts.last_successful_sync_at)::bigint as seconds_since_success,
    accounts.sync_enabled
    and accounts.status = 'active'
    and coalesce(accounts.last_successful_sync_at, accounts.created_at)
    < now() - make_interval(mins => 2 * accounts.sync_frequency_minutes) as is_late,
    accounts.sync_enabled,
    accounts.last_sync_at,
    accounts.last_successful_sync_at,
    accounts.next_sync_at,
    accounts.last_error_at
from accounts
inner join tenants on accounts.tenant_id = tenants.tenant_id
cross join lateral (
    select
        count(*) as sync_count,
        count(*) filter (where logs.status = 'failed') as failed_count,
        count(*) filter (where logs.status = 'success') as success_count,
        count(*) filter (where logs.status <> 'in_progress') as finished_count,
        avg(logs.sync_duration_seconds) as average_seconds,
        max(logs.sync_duration_seconds) as slowest_seconds,
        sum(logs.transactions_processed) as transactions_processed,
        sum(logs.transactions_failed) as transactions_failed
    from {{ ref('stg_app__sync_logs') }} as logs
    where
        logs.pos_account_id = accounts.pos_account_id
        and logs.sync_started_at > now() - interval '24 hours'
) as recent
