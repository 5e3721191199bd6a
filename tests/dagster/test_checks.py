"""What the checks see."""

from collections.abc import Callable
from uuid import UUID

import dagster as dg

from pos_pipeline.definitions import build_definitions
from pos_pipeline.services import Services

Link = Callable[..., UUID]


def answers(services: Services) -> dict[str, dg.AssetCheckEvaluation]:
    """The job `checks`, by name of check."""
    result = build_definitions(services).resolve_job_def("checks").execute_in_process()
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def test_all_is_well_without_trouble(corner: Services, link: Link) -> None:
    """A tenant that was linked a moment ago fails nothing."""
    link()

    assert {name: evaluation.passed for name, evaluation in answers(corner).items()} == {
        "every_account_is_fresh": True,
        "every_stream_is_read": True,
        "tokens_are_renewed": True,
        "nothing_set_aside": True,
        "outbox_is_drained": True,
    }


def test_one_stale_account_among_lively_ones_is_named(corner: Services, link: Link) -> None:
    """A dead till is not hidden by the others: it fails the check and stands there by name."""
    link("m1")
    silent = link("m2")
    corner.database.fetch(
        "update pos.accounts set last_successful_sync_at = now() - interval '1 hour' where connection_id = %s"
        " returning 1",
        (silent,),
    )
    check = answers(corner)["every_account_is_fresh"]

    assert not check.passed
    assert [record.data["tenant"] for record in check.metadata["rows"].records] == ["t-m2"]


def test_standing_stream_is_named(corner: Services, link: Link) -> None:
    """A stream that is not read while its neighbours are is found, with the time it was read last."""
    connection = link()
    corner.database.fetch(
        "insert into etl.watermarks (connection_id, stream, read_at) values"
        " (%(id)s, 'sales', now()), (%(id)s, 'items', now() - interval '3 days') returning 1",
        {"id": connection},
    )
    check = answers(corner)["every_stream_is_read"]

    assert not check.passed
    assert [record.data["stream"] for record in check.metadata["rows"].records] == ["items"]


def test_token_nobody_renews_is_named(corner: Services, link: Link) -> None:
    """Weekly renewals have failed for a day; a token that is never renewed is no trouble, however old."""
    merchants = [link("m1"), link("m2"), link("m3")]
    for connection, days, refresh_token in zip(merchants, (9, 7, 9), ("sealed", "sealed", None), strict=True):
        corner.database.fetch(
            "update pos.connections set access_token = 'sealed', refresh_token = %s,"
            " token_renewed_at = now() - interval '1 day' * %s where id = %s returning 1",
            (refresh_token, days, connection),
        )
    check = answers(corner)["tokens_are_renewed"]

    assert not check.passed
    assert [record.data["tenant"] for record in check.metadata["rows"].records] == ["t-m1"]


def test_record_set_aside_warns(corner: Services, link: Link) -> None:
    """Quarantine is a warning that says what and why, not a red asset."""
    link()
    corner.database.fetch(
        "insert into pos.quarantine"
        " (tenant_id, connection_id, pos_provider, stream, reason, payload, payload_digest)"
        " select tenant_id, id, 'corner', 'sales', 'no id', '{}', 'd' from pos.connections returning 1"
    )
    check = answers(corner)["nothing_set_aside"]

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["rows"].records[0].data["reason"] == "no id"


def test_event_that_waits_too_long_is_named(corner: Services, link: Link) -> None:
    """An old unsent event fails the check of the outbox; only a warning while no broker is configured."""
    link()
    corner.database.fetch(
        "insert into pos.outbox (tenant_id, routing_key, payload, created_at)"
        " select tenant_id, 'pos.error', '{}', now() - interval '1 hour' from pos.connections returning 1"
    )
    check = answers(corner)["outbox_is_drained"]

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["rows"].records[0].data["event"] == "pos.error"
