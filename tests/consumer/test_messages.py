"""What may come from other services, and how it may be wrong."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_pipeline.consumer import messages
from pos_pipeline.consumer.apply import decode
from pos_pipeline.consumer.messages import DailyTrigger, TransactionsRecorded, ValidationDiscrepancy, json_schema
from pos_pipeline.consumer.poison import Poison

TENANT = "8d6f9c1e-3f61-4a43-9a52-7f6f5c0e1a01"
ACCOUNT = "8d6f9c1e-3f61-4a43-9a52-7f6f5c0e1a02"
TRIGGER = {"event_type": "orchestrator_daily_trigger", "timestamp": "2026-03-01T04:00:00Z"}
DISCREPANCY = {
    "event_type": "sales_validation_discrepancy",
    "timestamp": "2026-03-01T04:00:00Z",
    "tenant_id": TENANT,
    "pos_account_id": ACCOUNT,
    "business_date": "2026-02-28",
}
WINDOW = {"business_date": None, "window_start": "2026-02-28T09:00:00Z", "window_end": "2026-02-28T11:00:00+01:00"}
RESULT = {"id": ACCOUNT, "content_hash": "0" * 64, "sales_record_id": TENANT}
RECORDED = {
    "event_type": "sales_transactions_recorded",
    "timestamp": "2026-03-01T04:00:00Z",
    "tenant_id": TENANT,
    "results": [RESULT],
}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (TRIGGER, DailyTrigger),
        (TRIGGER | {"tenant_id": TENANT, "schema_version": 1, "event_id": ACCOUNT}, DailyTrigger),
        (DISCREPANCY, ValidationDiscrepancy),
        (DISCREPANCY | WINDOW, ValidationDiscrepancy),
        (DISCREPANCY | {"last_business_date": "2026-03-02"}, ValidationDiscrepancy),
        (DISCREPANCY | {"pos_account_id": None, "pos_provider": "toast", "location_id": "L1"}, ValidationDiscrepancy),
        (RECORDED, TransactionsRecorded),
        (RECORDED | {"results": [{**RESULT, "sales_record_id": None, "error": "no product"}]}, TransactionsRecorded),
    ],
)
def test_messages_of_the_contract_are_understood(body: dict[str, Any], kind: type) -> None:
    """Every way the contract allows."""
    assert type(decode(json.dumps(body).encode())) is kind


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], "$"),
        ({}, "$"),
        (DISCREPANCY | {"event_type": "jane@example.com"}, "$.event_type"),
        (DISCREPANCY | {"tenant_id": "jane@example.com"}, "$.tenant_id"),
        ({**DISCREPANCY, "tenant_id": None}, "$.tenant_id"),
        (DISCREPANCY | {"timestamp": "2026-03-01T04:00:00"}, "$.timestamp"),
        (DISCREPANCY | {"schema_version": 2}, "$.schema_version"),
        (DISCREPANCY | {"jane@example.com": 1}, "$"),
        (DISCREPANCY | {"pos_account_id": None}, "$"),
        (DISCREPANCY | {"pos_provider": "toast"}, "$"),
        (DISCREPANCY | {"pos_account_id": None, "pos_provider": "toast", "location_id": "L\0"}, "$.location_id"),
        (DISCREPANCY | {"pos_provider": "toast", "location_id": "L1"}, "$"),
        (DISCREPANCY | {"business_date": None}, "$"),
        (DISCREPANCY | WINDOW | {"business_date": "2026-02-28"}, "$"),
        (DISCREPANCY | WINDOW | {"window_end": None}, "$"),
        (DISCREPANCY | {"business_date": "2026-02-30"}, "$.business_date"),
        (DISCREPANCY | WINDOW | {"last_business_date": "2026-03-02"}, "$"),
        (TRIGGER | {"tenantid": TENANT}, "$"),
        (RECORDED | {"results": []}, "$.results"),
        (RECORDED | {"results": [RESULT] * (messages.RESULTS_LIMIT + 1)}, "$.results"),
        (RECORDED | {"results": [RESULT | {"content_hash": "0" * 63}]}, "$.results[0].content_hash"),
        (RECORDED | {"results": [RESULT | {"error": "also"}]}, "$.results[0]"),
        (RECORDED | {"results": [RESULT | {"sales_record_id": None}]}, "$.results[0]"),
    ],
)
def test_other_shapes_are_refused_and_not_quoted(body: Any, place: str) -> None:
    """The reason names the place of the fault and nothing of what came."""
    with pytest.raises(Poison) as caught:
        decode(json.dumps(body).encode())

    assert caught.value.reason == "wrong_schema"
    assert str(caught.value).endswith(f"the fault is at {place}.")
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"event_type": "\xc3\x28"}', b"<html>"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Whatever the bytes are."""
    with pytest.raises(Poison) as caught:
        decode(body)

    assert caught.value.reason == "not_json"


def test_what_is_nested_without_end_is_refused() -> None:
    """The parser skips what stands before `event_type`, one call deeper for each bracket."""
    with pytest.raises(Poison, match="nested too deeply") as caught:
        decode(b'{"more": ' + b"[" * 100_000 + b"]" * 100_000 + b', "event_type": "orchestrator_daily_trigger"}')

    assert caught.value.reason == "wrong_schema"


@given(st.data())
def test_a_damaged_message_is_understood_or_refused(data: st.DataObject) -> None:
    """Whatever happened to it on the way, nothing else than a refusal comes of it."""
    body = bytearray(json.dumps(data.draw(st.sampled_from([TRIGGER, DISCREPANCY, RECORDED]))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Poison):
        assert decode(bytes(body)) is not None


def test_the_published_schema_is_the_codes() -> None:
    """Other languages read the file beside the structs."""
    published = Path(messages.__file__).with_suffix(".schema.json").read_bytes()

    assert msgspec.json.decode(published) == msgspec.json.decode(json_schema())
