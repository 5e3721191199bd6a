"""Made-up Square orders as bytes of HTTP pages, kept on disk between runs.

About 2.9 KB an order: one to three lines with modifiers, taxes, a discount now and then, one or two
tenders. The same bytes are also kept as a COPY stream for the table they end in. Nothing here is
meant to be modelled; only size and shape are Square's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from pos_pipeline.provider import Window

ORDERS_PER_PAGE = 1000
FORMAT = 2
"""Raised when pages change, so that kept ones are made anew."""
LOCATION_ID = "LBENCH0000001"
TENANT_ID = UUID("00000000-0000-4000-8000-00000000beac")
CONNECTION_ID = UUID("00000000-0000-4000-8000-00000000beef")
PIECE = timedelta(days=31)
"""Long windows are cut on a grid of this width, each piece read on its own."""
_GRID_START = datetime.fromtimestamp(0, UTC) + PIECE * 660
WINDOW = Window(_GRID_START, _GRID_START + PIECE)
_CURSOR = b',"cursor":"next"}'
_PRODUCTS = ("Croissant", "Pan de espelta", "Café con leche", "Baguette", "Tarta de queso", "Zumo de naranja")
_MODIFIERS = ("Oat milk", "Extra shot", "No sugar", "Sliced", "Warm")


@dataclass(frozen=True)
class OrderPages:
    """`rows` orders on disk, `ORDERS_PER_PAGE` a page."""

    folder: Path
    rows: int

    def page(self, number: int, *, is_last: bool = False) -> bytes:
        """Body of one answer of SearchOrders; unless it is the last, it names a next page."""
        body = (self.folder / f"{number:04}.json").read_bytes()
        return body.removesuffix(_CURSOR) + b"}" if is_last else body

    def __len__(self) -> int:
        return self.rows // ORDERS_PER_PAGE

    @property
    def copy_stream(self) -> Path:
        """The same orders in COPY's text format, all columns of a raw table."""
        return self.folder / "copy.tsv"

    @property
    def size_mb(self) -> float:
        """Megabytes of all pages."""
        return sum((self.folder / f"{number:04}.json").stat().st_size for number in range(len(self))) / 1e6


def order_pages(home: Path, rows: int) -> OrderPages:
    """Pages of `rows` orders, made the first time. A multiple of `ORDERS_PER_PAGE`."""
    pages = OrderPages(home / "orders" / f"{FORMAT}-{rows}", rows)
    if not pages.folder.exists():
        unfinished = pages.folder.with_name(f"{pages.folder.name}.new")
        unfinished.mkdir(parents=True, exist_ok=True)
        _write(OrderPages(unfinished, rows))
        unfinished.rename(pages.folder)
    return pages


def _write(pages: OrderPages) -> None:
    orders = _orders(pages.rows)
    with pages.copy_stream.open("wb") as copy:
        for number in range(len(pages)):
            some = [next(orders) for _ in range(ORDERS_PER_PAGE)]
            encoded = [msgspec.json.encode(order) for order in some]
            (pages.folder / f"{number:04}.json").write_bytes(b'{"orders":[' + b",".join(encoded) + b"]" + _CURSOR)
            copy.writelines(_copy_line(order, payload) for order, payload in zip(some, encoded, strict=True))


def _copy_line(order: dict[str, Any], payload: bytes) -> bytes:
    columns = (
        str(TENANT_ID),
        str(CONNECTION_ID),
        LOCATION_ID,
        order["id"],
        order["updated_at"],
        str(order["version"]),
        payload.decode().replace("\\", "\\\\"),
        order["updated_at"],
        "1763826000.0000001",
    )
    return "\t".join(columns).encode() + b"\n"


def _orders(rows: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(rows)
    step = (WINDOW.end - WINDOW.start) / (rows + 1)
    for number in range(rows):
        yield _order(chance, number, WINDOW.start + step * number)


def _order(chance: random.Random, number: int, at: datetime) -> dict[str, Any]:
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lines = [_line(chance, index) for index in range(chance.choice((1, 2, 2, 3)))]
    total = sum(line["total_money"]["amount"] for line in lines)
    tax = sum(line["total_tax_money"]["amount"] for line in lines)
    tip = chance.choice((0, 0, 50, 100))
    return {
        "id": f"{_word(chance, 20)}{number:08}",
        "location_id": LOCATION_ID,
        "created_at": stamp,
        "updated_at": stamp,
        "closed_at": stamp,
        "state": "COMPLETED",
        "version": chance.randint(3, 9),
        "reference_id": f"T{number % 12}-{number}",
        "source": {"name": "Square Point of Sale"},
        "line_items": lines,
        "taxes": [
            {
                "uid": "iva10",
                "catalog_object_id": _word(chance, 24),
                "catalog_version": 1_763_000_000_000,
                "name": "IVA reducido",
                "percentage": "10.0",
                "type": "INCLUSIVE",
                "scope": "LINE_ITEM",
                "applied_money": _eur(tax),
            }
        ],
        "tenders": [_tender(chance, stamp, total + tip, tip)],
        "total_money": _eur(total + tip),
        "total_tax_money": _eur(tax),
        "total_discount_money": _eur(0),
        "total_tip_money": _eur(tip),
        "total_service_charge_money": _eur(0),
        "net_amounts": {
            "total_money": _eur(total + tip),
            "tax_money": _eur(tax),
            "discount_money": _eur(0),
            "tip_money": _eur(tip),
            "service_charge_money": _eur(0),
        },
        "net_amount_due_money": _eur(0),
        "customer_id": _word(chance, 26) if chance.random() < 0.2 else None,
    }


def _line(chance: random.Random, index: int) -> dict[str, Any]:
    price, quantity = chance.randrange(110, 900, 5), chance.choice((1, 1, 1, 2, 3))
    total = price * quantity
    tax = total - round(total / 1.1)
    return {
        "uid": _word(chance, 22),
        "catalog_object_id": _word(chance, 24),
        "catalog_version": 1_763_000_000_000 + index,
        "quantity": str(quantity),
        "name": chance.choice(_PRODUCTS),
        "variation_name": "Regular",
        "item_type": "ITEM",
        "base_price_money": _eur(price),
        "gross_sales_money": _eur(total),
        "total_tax_money": _eur(tax),
        "total_discount_money": _eur(0),
        "total_money": _eur(total),
        "variation_total_price_money": _eur(total),
        "total_service_charge_money": _eur(0),
        "applied_taxes": [{"uid": _word(chance, 22), "tax_uid": "iva10", "applied_money": _eur(tax)}],
        "modifiers": [
            {
                "uid": _word(chance, 22),
                "catalog_object_id": _word(chance, 24),
                "name": chance.choice(_MODIFIERS),
                "base_price_money": _eur(0),
                "total_price_money": _eur(0),
                "quantity": "1",
            }
        ]
        if chance.random() < 0.3
        else [],
    }


def _tender(chance: random.Random, stamp: str, amount: int, tip: int) -> dict[str, Any]:
    return {
        "id": _word(chance, 27),
        "location_id": LOCATION_ID,
        "transaction_id": _word(chance, 27),
        "created_at": stamp,
        "amount_money": _eur(amount),
        "tip_money": _eur(tip),
        "type": "CARD",
        "card_details": {
            "status": "CAPTURED",
            "card": {
                "card_brand": chance.choice(("VISA", "MASTERCARD")),
                "last_4": f"{chance.randrange(10_000):04}",
                "fingerprint": f"sq-1-{_word(chance, 40)}",
            },
            "entry_method": chance.choice(("CONTACTLESS", "EMV")),
        },
        "payment_id": _word(chance, 27),
    }


def _eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=length))
