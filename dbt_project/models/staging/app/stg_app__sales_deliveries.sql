select
    tenant_id,
    transaction_id,
    not is_waiting and acknowledged_at is not null and sync_error is null as is_recorded,
    case when not is_waiting then sales_record_id end as sales_record_id,
    case when not is_waiting then sync_error end as sync_error
from {{ source('pos', 'sales_deliveries') }}
