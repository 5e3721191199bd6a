{{ config(
    indexes=[
        {'columns': ['tenant_id', 'pos_provider', 'transaction_group']},
        {'columns': ['_batch_id'], 'type': 'brin'},
    ],
    meta={'replaces': ['tenant_id', 'pos_provider', 'transaction_group'], 'touched': 'touched_groups'},
) }}

with touched as materialized (
    {{ touched_groups() }}
),

tenders as (
    {{ touched_rows('transaction_tenders') }}
)

select
    t.tenant_id,
    t.pos_provider,
    tenders.pos_tender_id,
    t.id as transaction_id,
    t.pos_account_id,
    t.pos_transaction_id,
    t.transaction_group,
    t.location_id,
    t.transaction_type,
    tenders.payment_method,
    tenders.card_brand,
    tenders.card_last_four,
    tenders.currency,
    tenders.amount,
    tenders.tip_amount,
    tenders.tendered_at,
    t.transaction_at,
    t.business_date,
    {{ this_batch() }}::bigint as _batch_id
from tenders
inner join {{ ref('fct_transactions') }} as t
    on
        tenders.tenant_id = t.tenant_id
        and tenders.pos_provider = t.pos_provider
        -- The group follows from the transaction; with it Postgres is right whichever of two indexes it takes.
        and tenders.transaction_group = t.transaction_group
        and tenders.pos_transaction_id = t.pos_transaction_id
