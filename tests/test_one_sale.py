"""The shortest way through everything: one sale, from the till to another service."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr
from rig.listener import listening
from rig.tills import Tills

from pos_pipeline.events.rabbitmq import publish_pending
from pos_pipeline.providers import load_providers


@pytest.mark.parametrize("provider", sorted(load_providers()))
def test_one_sale(tills_of: Callable[..., Tills], rabbitmq_url: str, provider: str) -> None:
    """A sale rings at a till; the marts show it with its lines and tenders, and other services hear of it."""
    tills = tills_of(provider, sales_per_day=0.0)
    settings = tills.services.settings
    [sales] = [one.name for one in tills.services.providers[provider].streams if one.counts_as_transactions]
    [connection] = tills.link("panaderia")

    tills.sandbox.advance(sales=1)
    [synced] = tills.sync()
    tills.transform()
    with listening(rabbitmq_url) as other_service:
        with_broker = settings.model_copy(update={"rabbitmq_url": SecretStr(rabbitmq_url)})
        publish_pending(replace(tills.services, settings=with_broker), exchange=other_service.exchange)
        [[heard]] = other_service.listen().values()

    [day] = tills.truth().values()
    fetch = tills.services.database.fetch
    assert fetch("select transaction_type, total_amount from marts.fct_transactions") == [("sale", day.net)]
    assert fetch("select sum(line_total) from marts.fct_transaction_items") == [(day.net,)]
    assert fetch("select sum(amount) from marts.fct_transaction_tenders") == [(day.net,)]
    assert heard["event_type"] == "pos_sync_completed"
    assert heard["tenant_id"] == str(connection.tenant_id)
    assert heard["transactions_processed"] == synced.rows[sales] == day.sales == 1
