"""From the till to the sales service and back, over a real broker."""

from typing import Any
from uuid import uuid4

from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment
from rig.listener import Listener, listening
from rig.post_office import Office

from pos_pipeline.events.deliveries import deliver
from pos_pipeline.events.rabbitmq import publish_pending

Json = dict[str, Any]


def test_sales_hears_of_a_sale_answers_and_hears_of_its_change(books: Books, shop: Shop, office: Office) -> None:
    """The mart says synced for exactly the content sales has answered for, and only of that tenant."""
    other = books.open_shop("SUR")
    records = {shop.tenant_id: uuid4(), other.tenant_id: uuid4()}
    with listening(office.services.settings.rabbitmq_url.get_secret_value()) as sales, office.listening():
        books.load(other, order("O", [line("a", 900)], location="SUR"), payment("P", "O", 900, location="SUR"))
        books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
        first = _heard(books, sales)
        _answer(office, shop, first, records[shop.tenant_id])
        office.until(lambda: _synced(books, shop) == [(True, records[shop.tenant_id])])
        others_before = _synced(books, other)
        _answer(office, other, first, records[other.tenant_id])
        office.until(lambda: _synced(books, other)[0][0])

        books.model(shop, order("O", [line("a", 500), line("b", 100)], version=2), payment("P", "O", 600, changed=9))
        second = _heard(books, sales)
        changed = _synced(books, shop)
        _answer(office, shop, first, uuid4())
        _answer(office, shop, second, records[shop.tenant_id])
        office.until(lambda: _synced(books, shop) == [(True, records[shop.tenant_id])])

    assert others_before == [(False, None)]
    assert changed == [(False, None)]
    assert _synced(books, other) == [(True, records[other.tenant_id])]
    totals = {message["tenant_id"]: [one["total_amount"] for one in message["transactions"]] for message in first}
    assert totals == {str(shop.tenant_id): ["5.0000"], str(other.tenant_id): ["9.0000"]}
    assert [one["total_amount"] for message in second for one in message["transactions"]] == ["6.0000"]


def _heard(books: Books, sales: Listener) -> list[Json]:
    """What a delivery brings to the sales service."""
    before = set(sales.heard)
    deliver(books.services)
    publish_pending(books.services, exchange=sales.exchange)
    heard = sales.listen()
    return [message for id_ in heard.keys() - before for message in heard[id_]]


def _answer(office: Office, shop: Shop, messages: list[Json], record: Any) -> None:
    """Sales has recorded what these messages say of a tenant."""
    [entry] = [
        entry
        for message in messages
        if message["tenant_id"] == str(shop.tenant_id)
        for entry in message["transactions"]
    ]
    result = {"id": entry["id"], "content_hash": entry["content_hash"], "sales_record_id": str(record)}
    office.say(
        {
            "event_type": "sales_transactions_recorded",
            "timestamp": "2026-09-18T12:00:00Z",
            "tenant_id": str(shop.tenant_id),
            "results": [result],
        },
        key=office.queues.sales_recorded_key,
        message_id=str(uuid4()),
    )


def _synced(books: Books, shop: Shop) -> list[Any]:
    return books.rows("marts.pos_transactions", shop, "synced_to_sales", "sales_record_id")
