"""Refunds and voids by their own business date, beside the orders that may not tell of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fakes.toast_kitchen import PAYMENTS, RESTAURANT, Kitchen, guid, stamp

from pos_pipeline.provider import Page, Position, Source, Window
from pos_pipeline.providers.toast.source import STREAMS, read_stream

NOON = datetime(2026, 9, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OVERLAP = next(stream.overlap for stream in STREAMS if stream.name == "payments")


def read(kitchen: Kitchen, since: Position | None = None, window: Window | None = None) -> list[Page]:
    """All pages of payments, at noon."""
    source = Source(UUID(int=1), RESTAURANT, (RESTAURANT,), {"restaurant": RESTAURANT}, now=NOON)
    return list(read_stream(kitchen, source, "payments", since, window))


def dates(kitchen: Kitchen) -> list[tuple[str, str]]:
    """The lists that were asked for."""
    return [next(iter(query.items())) for path, query in kitchen.asked if path == PAYMENTS]


def records(pages: list[Page]) -> Iterator[tuple[str, datetime]]:
    """Ids and version times."""
    return ((record.id, record.version_at) for page in pages for record in page.records)


def test_every_date_is_asked_for_refunds_and_voids() -> None:
    """Both lists of every business date that may be going on anywhere; a payment on both is read once."""
    kitchen = Kitchen()
    both = kitchen.put_refund(1, NOON - DAY, "20260917")
    kitchen.payments[both]["_voidBusinessDate"] = "20260917"
    voided = kitchen.put_void(2, NOON, "20260918")

    pages = read(kitchen, window=Window(NOON - DAY, NOON))

    assert dates(kitchen) == [
        (name, date)
        for date in ("20260916", "20260917", "20260918", "20260919")
        for name in ("refundBusinessDate", "voidBusinessDate")
    ]
    assert list(records(pages)) == [(both, NOON - DAY), (voided, NOON)]
    assert [path for path, _ in kitchen.asked if path != PAYMENTS] == [f"{PAYMENTS}/{both}", f"{PAYMENTS}/{voided}"]


def test_live_reading_says_how_far_it_has_come() -> None:
    """A restaurant that gives nothing back for months does not make every hour's reading longer."""
    kitchen = Kitchen()
    pages = read(kitchen, NOON - OVERLAP)

    assert [page.position for page in pages] == [NOON]
    assert sorted({date for _, date in dates(kitchen)}) == ["20260916", "20260917", "20260918", "20260919"]


def test_live_reading_catches_up() -> None:
    """After an outage every date since the position is read."""
    kitchen = Kitchen()
    kitchen.put_refund(1, NOON - 9 * DAY, "20260909")
    pages = read(kitchen, NOON - 10 * DAY - OVERLAP)

    assert list(records(pages)) == [(guid(1), NOON - 9 * DAY)]
    assert dates(kitchen)[0][1] == "20260906"


def test_position_in_the_future_does_not_end_live_readings() -> None:
    """A refund with a false date cannot keep the next ones out."""
    kitchen = Kitchen()
    kitchen.put_refund(1, NOON - DAY, "20260917")

    assert list(records(read(kitchen, NOON + 900 * DAY))) == [(guid(1), NOON - DAY)]


def test_window_has_no_position() -> None:
    """An import moves no watermark."""
    assert read(Kitchen(), window=Window(NOON - DAY, NOON)) == []


def test_version_is_what_happened_last() -> None:
    """Paid, given back, voided: the latest; Toast's 1970 has not happened."""
    kitchen = Kitchen()
    late = kitchen.put_refund(1, NOON - DAY, "20260917", paid_at=NOON - timedelta(hours=1))
    never = kitchen.put_refund(2, NOON - DAY, "20260917", paid_at=NOON - 2 * DAY)
    kitchen.payments[never]["refund"]["refundDate"] = "1970-01-01T00:00:00.000+0000"

    found = dict(records(read(kitchen, NOON - OVERLAP)))

    assert found == {late: NOON - timedelta(hours=1), never: NOON - 2 * DAY}


def test_payload_is_the_payment_alone() -> None:
    """Each payment is stored as it came, under the restaurant that its body does not name."""
    kitchen = Kitchen()
    one = kitchen.put_refund(1, NOON - DAY, "20260917")
    raw = f' {{"guid":"{one}", "amount":5.080, "paidDate":"{stamp(NOON)}"}}\n'.encode()
    kitchen.answers[f"{PAYMENTS}/{one}"] = raw

    [record] = [record for page in read(kitchen, NOON - OVERLAP) for record in page.records]

    assert (record.payload, record.location_id) == (raw.strip(), RESTAURANT)


def test_payment_that_cannot_be_had_costs_itself_only() -> None:
    """Listed but not found, or without a time: set aside; the others of that date are read."""
    kitchen = Kitchen()
    gone, timeless, good = (kitchen.put_refund(number, NOON - DAY, "20260917") for number in (1, 2, 3))
    kitchen.answers[PAYMENTS] = json.dumps([gone, timeless, good]).encode()
    del kitchen.payments[gone]
    kitchen.answers[f"{PAYMENTS}/{timeless}"] = f'{{"guid":"{timeless}"}}'.encode()

    page, *_ = read(kitchen, NOON - OVERLAP)

    assert [record.id for record in page.records] == [good]
    assert [(reject.id, reject.reason) for reject in page.rejects] == [
        (gone, "it is listed and not found"),
        (timeless, "no usable key: it does not say when it was changed"),
    ]
