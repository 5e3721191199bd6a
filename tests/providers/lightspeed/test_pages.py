"""Lightspeed's pages in pieces: keys, bytes, and what is set aside."""

import json
from datetime import UTC, datetime

import pytest
from fakes.lightspeed_shelf import sale

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.providers.lightspeed.pages import cut

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def page(*rows: object, **envelope: object) -> bytes:
    """A list answer."""
    return json.dumps({"data": rows} | envelope).encode()


def test_payload_is_kept_byte_for_byte() -> None:
    """Five decimals, unusual spacing and unknown members reach the raw layer as sent, and no float comes near."""
    raw = (
        b'{"id":"s1",  "version":22446763475,"sale_date":"2026-07-04T06:42:10+00:00","line_items":[{"price":1.27270}],'
        b'"total_price":2.50000000000000000001}'
    )

    piece = cut(b'{"data":[' + raw + b'],"version":{"min":22446763475,"max":22446763475}}', "sales", lambda: NOW)

    [record] = piece.records
    assert record.payload == raw
    assert (record.version_no, record.version_at) == (22446763475, NOW)


def test_keys_say_where_and_when() -> None:
    """A sale is its outlet's; its time is that of its last change, or of its creation when it never changed."""
    changed = sale(1, updated_at="2026-07-04T08:42:12+02:00", created_at="2026-07-01T00:00:00+00:00")
    created = sale(2, outlet_id=None, updated_at=None, created_at="2026-07-01 10:00:00")

    first, second = cut(page(changed, created), "sales").records

    assert (first.location_id, first.version_at) == ("O1", datetime(2026, 7, 4, 6, 42, 12, tzinfo=UTC))
    assert (second.location_id, second.version_at) == ("", datetime(2026, 7, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize("version", [2**33 + 7, 2**53 + 1, 2**63 - 1])
def test_versions_are_64_bits(version: int) -> None:
    """Numbers beyond 32 bits, and beyond what a float can tell apart, stay themselves, as text too."""
    piece = cut(page(sale(1, version=version), sale(2) | {"version": str(version)}), "sales")

    assert [record.version_no for record in piece.records] == [version, version]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", 7),
        ("version", None),
        ("version", -1),
        ("version", 2**63),
        ("version", "soon"),
        ("sale_date", "0000-00-00 00:00:00"),
        ("updated_at", "yesterday"),
        ("outlet_id", ["O1"]),
        ("line_items", ...),
    ],
)
def test_sale_without_usable_keys_is_set_aside_alone(member: str, value: object) -> None:
    """One malformed sale of a page costs itself only, and its reason does not quote it."""
    bad = sale(1) | {member: value}
    if value is ...:
        del bad[member]
    good = sale(2)

    piece = cut(page(bad, good), "sales")

    assert [record.id for record in piece.records] == ["s2"]
    [reject] = piece.rejects
    assert json.loads(reject.payload) == bad
    assert "soon" not in reject.reason
    assert "yesterday" not in reject.reason


def test_lenient_words_are_no_reason_to_refuse_a_product() -> None:
    """Flags as 0, 1 or text, and members that are null or missing."""
    rows = [
        {"id": "p1", "version": "5", "active": 1, "deleted_at": None, "type": {}, "has_variants": 0},
        {"id": "p2", "version": 6, "is_active": "true"},
        {"id": "p3", "version": 7, "active": 0},
        {"id": "p4", "version": 8, "deleted_at": "2026-09-01T00:00:00+00:00"},
        {"id": "p5", "version": 9, "has_variants": True},
    ]

    piece = cut(page(*rows), "products")

    assert [key.id for key in piece.keys if key.is_sellable] == ["p1", "p2"]


def test_sales_of_another_version_are_refused() -> None:
    """A retired version is served as another one, where `date` stands for `sale_date`; those are no sales of ours."""
    dated = {"id": "s1", "version": 5, "date": "2026-07-04T06:42:10Z", "line_items": [], "state": "closed"}
    first = {"id": "s1", "version": 5, "sale_date": "2026-07-04T06:42:10Z", "register_sale_products": []}

    for row in (dated, first):
        with pytest.raises(UnexpectedPayload, match=r"not in the shape of API 2\.0"):
            cut(page(row, row), "sales")


def test_sale_never_sold_needs_no_date_of_sale() -> None:
    """A parked sale may lack it, alone on its page too."""
    parked = sale(1, status="SAVED")
    del parked["sale_date"]

    assert len(cut(page(parked), "sales").records) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"data": {}}',
        b'{"data": [',
        b'{"data": [], "version": {"max": 1e30}}',
        b'{"errors": {}}',
        b"null",
    ],
)
def test_page_that_is_no_page_is_refused(body: bytes) -> None:
    """An answer without a list is not the end of one; the error names stream and size, never the content."""
    with pytest.raises(UnexpectedPayload, match=rf"sales page of {len(body)} bytes"):
        cut(body, "sales")


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [], "version": {"min": null, "max": null}}',
        b'{"data": [], "version": {"min": 0, "max": 0}}',
        b'{"data": [], "version": null}',
        b'{"data": null}',
    ],
)
def test_empty_page_is_empty_in_every_form(body: bytes) -> None:
    """What stands for the bounds of nothing has changed over time."""
    assert cut(body, "sales").received == 0


def test_page_says_how_far_it_reaches() -> None:
    """By its own word or its rows, whichever is higher: some examples list versions falling, some print no bounds."""
    rows = [{"id": "a", "version": 1120194938}, {"id": "b", "version": 342955}]

    assert cut(page(*rows), "payment_types").reached == 1120194938
    assert cut(page(*rows, version={"max": 1120194940}), "payment_types").reached == 1120194940
    assert cut(page({"id": None}, version={"max": 7}), "payment_types").reached == 7
    assert cut(page({"id": None}), "payment_types").reached is None
