{{ config(
    indexes=[
        {'columns': ['tenant_id', 'pos_provider', 'transaction_group']},
        {'columns': ['_batch_id'], 'type': 'brin'},
    ],
    meta={'replaces': ['tenant_id', 'pos_provider', 'transaction_group']},
) }}

with touched as (
    {{ touched_groups_of_all() }}
),

tenders as (
    {{ union_providers('transaction_tenders') }}
),

transactions as (
    select t.*
    from touched
    inner join {{ ref('fct_transactions') }} as t
        on
            touched.tenant_id = t.tenant_id
            and touched.pos_provider = t.pos_provider
            and touched.transaction_group = t.transaction_group
),

paid as (
    select
        t.tenant_id,
        t.pos_provider,
        t.transaction_group,
        t.id as transaction_id,
        t.pos_transaction_id,
        t.pos_account_id,
        t.location_id,
        t.transaction_type,
        t.transaction_at,
        t.business_date,
        tenders.pos_tender_id,
        tenders.payment_method,
        tenders.card_brand,
        tenders.card_last_four,
        tenders.currency,
        tenders.amount,
        tenders.tip_amount,
        tenders.tendered_at
    from transactions as t
    inner join tenders
        on
            t.tenant_id = tenders.tenant_id
            and t.pos_provider = tenders.pos_provider
            and t.transaction_group = tenders.transaction_group
            and t.pos_transaction_id = tenders.pos_transaction_id
)

select
    touched.tenant_id,
    touched.pos_provider,
    paid.pos_tender_id,
    paid.transaction_id,
    paid.pos_account_id,
    paid.pos_transaction_id,
    touched.transaction_group,
    paid.location_id,
    paid.transaction_type,
    paid.payment_method,
    paid.card_brand,
    paid.card_last_four,
    paid.currency,
    paid.amount,
    paid.tip_amount,
    paid.tendered_at,
    paid.transaction_at,
    paid.business_date,
    {{ this_batch() }}::bigint as _batch_id
from touched
left join paid
    on
        touched.tenant_id = paid.tenant_id
        and touched.pos_provider = paid.pos_provider
        and touched.transaction_group = paid.transaction_group
