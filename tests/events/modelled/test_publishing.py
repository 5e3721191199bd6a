"""When Dagster delivers."""

from functools import partial

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment
from rig.listener import listening

from pos_pipeline.definitions import build_definitions
from pos_pipeline.events.deliveries import delivers
from pos_pipeline.events.rabbitmq import publish_pending
from sensors.marts import wanted_job


def test_the_publishing_step_delivers_what_the_marts_have(
    books: Books, shop: Shop, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New transactions, and that their product has no mapping, are heard after one run, which says how many."""
    books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
    with listening(rabbitmq_url) as sales:
        monkeypatch.setattr("assets.events.publish_pending", partial(publish_pending, exchange=sales.exchange))
        result = build_definitions(books.services).resolve_job_def("publish").execute_in_process()
        heard = {message["event_type"] for messages in sales.listen().values() for message in messages}

    [materialization] = result.get_asset_materialization_events()
    metadata = materialization.materialization.metadata
    assert heard == {"pos_transactions", "pos_mapping_needed"}
    assert (metadata["transactions_delivered"].value, metadata["mapping_needed"].value) == (1, 1)


def test_transactions_that_sales_has_room_for_start_a_run(books: Books, shop: Shop) -> None:
    """The rest of an import follows without a new load, where transactions are delivered at all."""
    wanted = partial(wanted_job, books.database, has_broker=True, may_retry=False)
    before = wanted(delivers=True)
    books.database.fetch(
        "insert into pos.sales_deliveries (tenant_id, transaction_id, business_date)"
        " values (%s, gen_random_uuid(), '2026-03-01') returning 1",
        (shop.tenant_id,),
    )

    assert delivers(books.services.settings)
    assert before is None
    assert wanted(delivers=True) == "publish"
    assert wanted(delivers=False) is None
