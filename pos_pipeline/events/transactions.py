"""A transaction as the sales service is told of it, made and hashed by Postgres from the marts.

The hash is SHA-256 of the entry's canonical text, so equal hashes mean equal content. Left out on purpose is what
changes without the sale: the shop's name, categories, SKUs and product mappings. People (customer, cashier, the card's
last digits) are in it only if the settings say so. Amounts and quantities are decimal strings, never floats.
"""

from typing import LiteralString

_PEOPLE: LiteralString = """
    || case
        when %(personal)s then jsonb_build_object(
            'customer_name', t.customer_name,
            'customer_email', t.customer_email,
            'customer_phone', t.customer_phone,
            'cashier_name', t.cashier_name,
            'card_last_four', t.card_last_four
        )
        else '{}'
    end
"""
_HEAD: LiteralString = """
    jsonb_build_object(
        'id', t.id,
        'removed', false,
        'pos_account_id', t.pos_account_id,
        'pos_provider', t.pos_provider,
        'pos_transaction_id', t.pos_transaction_id,
        'original_id', t.original_id,
        'location_id', t.location_id,
        'transaction_type', t.transaction_type,
        'status', t.status,
        'currency', t.currency,
        'payment_method', t.payment_method,
        'card_brand', t.card_brand,
        'device_name', t.device_name,
        'receipt_number', t.receipt_number,
        'subtotal', t.subtotal::text,
        'tax_amount', t.tax_amount::text,
        'discount_amount', t.discount_amount::text,
        'service_charge_amount', t.service_charge_amount::text,
        'tip_amount', t.tip_amount::text,
        'total_amount', t.total_amount::text,
        'voided_amount', t.voided_amount::text,
        'transaction_date', to_char(t.transaction_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'business_date', t.business_date
    )
"""
_ITEMS: LiteralString = """
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', i.id,
        'pos_item_id', i.pos_product_id,
        'product_name', i.product_name,
        'variation_name', i.variation_name,
        'line_type', i.line_type,
        'quantity', i.quantity::text,
        'unit_price', i.unit_price::text,
        'discount_amount', i.discount_amount::text,
        'tax_amount', i.tax_amount::text,
        'line_total', i.line_total::text,
        'modifiers', i.modifiers
    ) order by i.line_number), '[]') as items
    from marts.fct_transaction_items as i
    where
        i.tenant_id = t.tenant_id and i.pos_provider = t.pos_provider
        and i.transaction_group = t.transaction_group and i.transaction_id = t.id
"""
_TENDERS: LiteralString = """
    select coalesce(jsonb_agg(jsonb_build_object(
        'pos_tender_id', p.pos_tender_id,
        'payment_method', p.payment_method,
        'card_brand', p.card_brand,
        'currency', p.currency,
        'amount', p.amount::text,
        'tip_amount', p.tip_amount::text
    ) order by p.pos_tender_id), '[]') as tenders
    from marts.fct_transaction_tenders as p
    where
        p.tenant_id = t.tenant_id and p.pos_provider = t.pos_provider
        and p.transaction_group = t.transaction_group and p.transaction_id = t.id
"""

ENTRIES: LiteralString = f"""
entries as (
    select
        w.tenant_id,
        w.transaction_id,
        w.content_hash as delivered_hash,
        case
            when t.id is null then jsonb_build_object('id', w.transaction_id, 'removed', true)
            else {_HEAD} {_PEOPLE} || jsonb_build_object('items', lines.items, 'tenders', paid.tenders)
        end as entry
    from waiting as w
    left join marts.fct_transactions as t on t.tenant_id = w.tenant_id and t.id = w.transaction_id
    cross join lateral ({_ITEMS}) as lines
    cross join lateral ({_TENDERS}) as paid
)
"""
"""CTE `entries` over a CTE `waiting (tenant_id, transaction_id, content_hash)`; `%(personal)s` lets people in.

A transaction the marts do not have any more becomes `{"id": …, "removed": true}`.
"""
