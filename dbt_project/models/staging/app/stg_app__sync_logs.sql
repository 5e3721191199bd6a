select
    id as sync_log_id,
    tenant_id,
    pos_account_id,
    kind,
    status,
    error_type,
    sync_duration_seconds,
    transactions_fetched,
    transactions_processed,
    transactions_failed,
    requests_made,
    sync_started_at,
    sync_completed_at
from {{ source('pos', 'sync_logs') }}
