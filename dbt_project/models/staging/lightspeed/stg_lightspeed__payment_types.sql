with source as (
    {{ raw_rows('lightspeed', 'payment_types') }}
)

select
    tenant_id,
    connection_id,
    id as payment_type_id,
    {{ lightspeed_payment_type('payment_method', "(source.payload ->> 'type_id')", "(source.payload ->> 'name')") }}
        as payment_method,
    {{ lightspeed_payment_type('card_brand', "(source.payload ->> 'type_id')", "(source.payload ->> 'name')") }}
        as card_brand,
    version_at,
    version_no,
    load_id,
    fetched_at,
    load_batch_id
from source
