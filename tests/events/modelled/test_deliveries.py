"""What goes to the sales service: once per content, in bounded messages, as fast as it answers."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment

from pos_pipeline.events import deliveries
from pos_pipeline.events.deliveries import acknowledge, deliver, may_deliver, send_again

Json = dict[str, Any]


SALE = (order("O1", [line("a", 500)]), payment("P1", "O1", 500))


RING_UP = """
insert into marts.fct_transactions (
    id, tenant_id, pos_account_id, pos_provider, pos_transaction_id, transaction_group, location_id, transaction_type,
    status, currency, payment_method, customer_name, cashier_name, subtotal, tax_amount, discount_amount,
    service_charge_amount, tip_amount, total_amount, voided_amount, tendered_amount, tender_count, is_itemised,
    transaction_at, local_transaction_at, business_date, created_at, _batch_id
)
select
    gen_random_uuid(), %(tenant_id)s, %(account_id)s, 'square', n::text, n::text, %(location_id)s, 'sale',
    'completed', 'EUR', 'cash', 'Jane Doe', 'John Roe', 5, 0, 0, 0, 0, 5, 0, 5, 1, false,
    moment, moment, moment::date, moment, %(batch)s
from generate_series(1, %(count)s) as n
cross join cast('2026-09-18 07:00' as timestamp) as moment
"""


def ring_up(books: Books, shop: Shop, count: int = 1) -> None:
    """Sales written into the marts by hand, where it does not matter how dbt makes them."""
    with books.database.transaction() as transaction:
        [(batch,)] = transaction.execute(
            "insert into etl.batches (status) values ('done') returning batch_id"
        ).fetchall()
        of_shop = {"tenant_id": shop.tenant_id, "account_id": shop.account_id, "location_id": shop.location_id}
        transaction.execute(RING_UP, of_shop | {"count": count, "batch": batch})


def told(books: Books, shop: Shop | None = None) -> list[list[Json]]:
    """Entries of every message in the outbox, oldest first."""
    rows = books.database.fetch(
        "select payload -> 'transactions' from pos.outbox where routing_key = 'pos.transactions'"
        " and (tenant_id = %(one)s or %(one)s::uuid is null) order by sequence",
        {"one": shop.tenant_id if shop else None},
    )
    return [entries for (entries,) in rows]


def answer(books: Books, shop: Shop, entry: Json, **result: Any) -> bool:
    """Sales' answer to an entry."""
    content_hash = bytes.fromhex(entry["content_hash"])
    with books.database.transaction() as transaction:
        return acknowledge(transaction, shop.tenant_id, UUID(entry["id"]), content_hash, **result)


def shown(books: Books, shop: Shop) -> list[Any]:
    return books.rows("marts.pos_transactions", shop, "synced_to_sales", "sales_record_id", "sync_error")


def test_a_sale_is_told_with_its_lines_and_tenders(books: Books, shop: Shop) -> None:
    """Amounts are decimal strings; the entry names the shop, the day and the hash of its content."""
    books.model(shop, *SALE)

    assert deliver(books.services) == 1
    [[entry]] = told(books)
    [line_of_it], [tender] = entry["items"], entry["tenders"]
    assert (entry["transaction_type"], entry["total_amount"], entry["removed"]) == ("sale", "5.0000", False)
    assert (entry["pos_account_id"], entry["business_date"]) == (str(shop.account_id), "2026-09-18")
    assert (line_of_it["line_total"], tender["amount"], len(entry["content_hash"])) == ("5.0000", "5.0000", 64)


def test_the_same_content_is_not_told_twice(books: Books, shop: Shop) -> None:
    """Neither by a second call, nor when the rows are made again with the same figures."""
    books.model(shop, *SALE)
    deliver(books.services)
    again = [deliver(books.services)]
    books.database.fetch("update pos.accounts set location_name = 'Plaza Mayor' returning id")
    books.run()
    again.append(deliver(books.services))

    assert again == [0, 0]
    assert len(told(books)) == 1


def test_a_change_is_told_and_takes_back_the_answer(books: Books, shop: Shop) -> None:
    """The mart says synced, then not synced from the change on, until sales answers for the new content."""
    books.model(shop, *SALE)
    deliver(books.services)
    [[first]] = told(books)
    record = uuid4()
    assert answer(books, shop, first, sales_record_id=record)
    before = shown(books, shop)

    books.model(shop, order("O1", [line("a", 500), line("b", 100)], version=2), payment("P1", "O1", 600, at=5))
    deliver(books.services)
    changed = shown(books, shop)
    _, [second] = told(books)

    assert before == [(True, record, None)]
    assert changed == [(False, None, None)]
    assert not answer(books, shop, first, sales_record_id=record)
    assert shown(books, shop) == [(False, None, None)]
    assert answer(books, shop, second, sales_record_id=record)
    assert shown(books, shop) == [(True, record, None)]


def test_a_refusal_is_shown_without_secrets(books: Books, shop: Shop) -> None:
    """Sales' reason stands in the mart; what looks like a secret does not."""
    ring_up(books, shop)
    deliver(books.services)
    [[entry]] = told(books)
    answer(books, shop, entry, error="no product\0; asked with Bearer s3cr3t-t0ken")

    assert shown(books, shop) == [(False, None, "no product; asked with Bearer ***")]


def test_a_payment_that_becomes_part_of_an_order_is_taken_back(books: Books, shop: Shop) -> None:
    """The payment was a sale of its own until the POS named its order; sales must not keep both."""
    lonely, whole = (
        payment("P1", None, 500, changed=1),
        (order("O1", [line("a", 500)]), payment("P1", "O1", 500, changed=2)),
    )
    books.model(shop, lonely)
    deliver(books.services)
    books.model(shop, *whole)
    deliver(books.services)

    [[first], second] = told(books)
    assert {(entry["id"], entry["removed"]) for entry in second if entry["removed"]} == {(first["id"], True)}
    assert [entry["total_amount"] for entry in second if not entry["removed"]] == ["5.0000"]
    assert answer(books, shop, next(entry for entry in second if entry["removed"]), sales_record_id=uuid4())


def test_messages_are_bounded(books: Books, shop: Shop) -> None:
    """By the number of transactions and by bytes; one that is larger than a message goes alone."""
    ring_up(books, shop, 7)
    with patch.object(deliveries, "MESSAGE_TRANSACTIONS", 3):
        deliver(books.services)
    by_number = [len(entries) for entries in told(books)]
    send_again(books.database, shop.tenant_id)
    with patch.object(deliveries, "MESSAGE_BYTES", 10):
        deliver(books.services)

    assert by_number == [3, 3, 1]
    assert [len(entries) for entries in told(books)[3:]] == [1] * 7


def test_unanswered_transactions_hold_back_the_rest(books: Books, shop: Shop) -> None:
    """Nobody listens: one portion goes out and nothing more; every answer makes room for another."""
    ring_up(books, shop, 5)
    with patch.object(deliveries, "UNANSWERED_LIMIT", 2):
        told_at_first = [deliver(books.services), deliver(books.services)]
        is_full = not may_deliver(books.database)
        answer(books, shop, told(books)[0][0], error="unknown product")
        has_room = may_deliver(books.database)
        told_then = deliver(books.services)

    assert (told_at_first, is_full, has_room, told_then) == ([2, 0], True, True, 1)


def test_a_tenant_that_is_not_answered_for_holds_back_nobody_else(books: Books, shop: Shop) -> None:
    """Room is a tenant's own, and a message has one tenant's transactions only."""
    other = books.open_shop("SUR")
    ring_up(books, shop, 3)
    ring_up(books, other, 2)
    with patch.object(deliveries, "UNANSWERED_LIMIT", 2):
        deliver(books.services)

    assert [len(entries) for entries in told(books, shop)] == [2]
    assert [len(entries) for entries in told(books, other)] == [2]


def test_one_tenants_answer_says_nothing_of_anothers(books: Books, shop: Shop) -> None:
    """An answer in another tenant's name changes nothing."""
    other = books.open_shop("SUR")
    ring_up(books, shop)
    deliver(books.services)
    [[entry]] = told(books)

    assert not answer(books, other, entry, sales_record_id=uuid4())
    assert shown(books, shop) == [(False, None, None)]


def test_nothing_is_told_while_a_transform_is_under_way(books: Books, shop: Shop) -> None:
    """Its models are half of the old and half of the new: they are told when it is done."""
    ring_up(books, shop)
    books.database.fetch("insert into etl.batches default values returning batch_id")
    during = deliver(books.services)
    books.database.fetch("update etl.batches set status = 'done' returning batch_id")

    assert (during, deliver(books.services)) == (0, 1)


@pytest.mark.parametrize("setting", ["rabbitmq_url", "deliver_to_sales"])
def test_it_costs_nothing_where_nobody_wants_it(books: Books, shop: Shop, setting: str) -> None:
    """Without a broker, or switched off, no transaction is noted; switched on later, all are told."""
    off = {"rabbitmq_url": None, "deliver_to_sales": False}[setting]
    without = replace(books.services, settings=books.services.settings.model_copy(update={setting: off}))
    ring_up(books, shop)
    quiet = deliver(without)

    assert quiet == 0
    assert books.database.fetch("select count(*) from pos.sales_deliveries") == [(0,)]
    assert deliver(books.services) == 1


@pytest.mark.parametrize("personal", [False, True])
def test_people_are_told_of_only_if_the_settings_say_so(books: Books, shop: Shop, personal: bool) -> None:
    """Customers, cashiers and the card's digits are in no message by default."""
    people = {"customer_name", "customer_email", "customer_phone", "cashier_name", "card_last_four"}
    with_people = books.services.settings.model_copy(update={"deliver_personal_data": personal})
    ring_up(books, shop)
    deliver(replace(books.services, settings=with_people))

    [[entry]] = told(books)
    assert (people & entry.keys()) == (people if personal else set())
    assert ("Jane Doe" in str(entry), "John Roe" in str(entry)) == (personal, personal)


def test_sending_again_leaves_out_what_was_recorded(books: Books, shop: Shop) -> None:
    """What sales lost or refused goes out once more under the same hash."""
    ring_up(books, shop, 3)
    deliver(books.services)
    [[recorded, refused, lost]] = told(books)
    answer(books, shop, recorded, sales_record_id=uuid4())
    answer(books, shop, refused, error="no product")

    assert send_again(books.database, shop.tenant_id) == 2
    deliver(books.services)
    _, again = told(books)
    assert sorted(entry["content_hash"] for entry in again) == sorted(
        entry["content_hash"] for entry in (refused, lost)
    )


def test_the_gateways_role_sees_its_own_tenants_answers(books: Books, shop: Shop) -> None:
    """The mart is read as `pos_app`, whose view goes through the deliveries' row policies."""
    other = books.open_shop("SUR")
    ring_up(books, shop)
    deliver(books.services)
    [[entry]] = told(books)
    answer(books, shop, entry, sales_record_id=uuid4())

    def seen_by(tenant_id: UUID) -> list[Any]:
        with books.database.transaction() as transaction:
            transaction.execute("set local role pos_app")
            transaction.execute("select set_config('pos.tenant_id', %s, true)", (str(tenant_id),))
            return transaction.execute("select synced_to_sales from marts.pos_transactions").fetchall()

    assert seen_by(shop.tenant_id) == [(True,)]
    assert seen_by(other.tenant_id) == []
