"""Paging by version."""

import itertools
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.reading import Retailer, open_retailer

LISTS = (
    "sales",
    "products",
    "product_types",
    "brands",
    "tags",
    "inventory",
    "taxes",
    "outlet_taxes",
    "customers",
    "users",
    "outlets",
    "registers",
    "payment_types",
)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_rises_by_version(cadena: Retailer, name: str) -> None:
    """In pages of any size the same rows, once each, by versions that no 32-bit integer holds."""
    whole = cadena.all(name, page_size=1000, deleted="true")
    in_pages = cadena.all(name, page_size=23, deleted="true") if name != "outlet_taxes" else whole
    versions = [row["version"] for row in whole]

    assert in_pages == whole
    assert versions == sorted(set(versions))
    assert versions[0] >= 2**33
    assert versions[-1] < 2**63


def test_limits_are_exclusive(cafes: Retailer) -> None:
    """`after` and `before` name a version that is not in the page; `before` takes the nearest below, rising too."""
    rows = cafes.all("sales", page_size=500)
    third, sixth, tenth = (rows[position]["version"] for position in (2, 5, 9))
    between = cafes.read("sales", after=third, before=tenth)
    nearest = cafes.read("sales", before=tenth, page_size=3)

    assert [row["id"] for row in between["data"]] == [row["id"] for row in rows[3:9]]
    assert [row["id"] for row in nearest["data"]] == [row["id"] for row in rows[6:9]]
    assert cafes.read("sales", after=sixth, page_size=1)["data"] == [rows[6]]
    assert cafes.read("sales", before=rows[0]["version"]) == {"data": [], "version": {"min": None, "max": None}}


def test_walking_down_meets_everything(cadena: Retailer) -> None:
    """From the top with `before`, page by page, in reverse."""
    rows, before, met = cadena.all("products", deleted="true"), 2**63, []
    while page := cadena.read("products", before=before, page_size=20, deleted="true")["data"]:
        met.append(page)
        before = page[0]["version"]

    assert list(itertools.chain.from_iterable(reversed(met))) == rows


@pytest.mark.parametrize(("name", "most"), [("sales", 500), ("outlet_taxes", 1000)])
def test_larger_pages_are_clamped(name: str, most: int) -> None:
    """Silently; without a size a page holds a hundred."""
    options = CloudOptions(short_pages=False)
    world: dict[str, Any] = {"anchor": ANCHOR, "days": 35, "sales_per_day": 3, "merchants": (CADENA,)}
    with running_sandbox(cloud_options=options, **world) as sandbox, open_retailer(sandbox, "cadena") as retailer:
        sizes = [len(retailer.read(name, page_size=size)["data"]) for size in (most, most + 1, 10 * most)]
        default = len(retailer.read(name)["data"])

    assert sizes == [most] * 3
    assert default == 100


@pytest.mark.parametrize(("name", "value"), [("page_size", "0"), ("page_size", "many"), ("after", "-1")])
def test_nonsense_is_refused(cafes: Retailer, name: str, value: str) -> None:
    """422, keyed by the parameter."""
    answer = cafes.get("sales", **{name: value})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [name]


def test_pages_come_short_before_the_end() -> None:
    """A short page is not the last one, and no page before the last is empty."""
    world: dict[str, Any] = {"anchor": ANCHOR, "days": 20, "sales_per_day": 20, "merchants": (CAFES,)}
    with running_sandbox(**world) as sandbox, open_retailer(sandbox, "cafes") as retailer:
        sizes = [len(page) for page in retailer.pages("sales", page_size=50)]

    assert 0 < min(sizes[:-1]) < 50
    assert sizes.index(min(sizes)) < len(sizes) - 1
    assert max(sizes) == 50


def test_deleted_rows_are_shown_on_request(cadena: Retailer) -> None:
    """A shop that closed, its register, last week's special and an old tag; taxes have nothing to show."""
    gone: dict[str, Any] = {}
    for name in ("outlets", "registers", "products", "tags", "payment_types", "taxes"):
        shown = {row["id"] for row in cadena.all(name)}
        rows = cadena.all(name, deleted="true")
        gone[name] = [row for row in rows if row["id"] not in shown]
        assert all(row.get("deleted_at") is None for row in rows if row["id"] in shown)
        assert all(row["deleted_at"] for row in gone[name])

    assert [row["name"] for row in gone["outlets"]] == ["Hornos Unidos Gijón"]
    assert [row["outlet_id"] for row in gone["registers"]] == [gone["outlets"][0]["id"]]
    assert [row["name"] for row in gone["payment_types"]] == ["Visa BBVA"]
    assert [row["name"] for row in gone["tags"]] == ["Navidad"]
    assert any(row["name"].startswith("Tarta de la semana") for row in gone["products"])
    assert gone["taxes"] == []


def test_what_happens_comes_after_what_was_read(sandbox: Sandbox, cafes: Retailer) -> None:
    """New and changed sales, products and customers have higher versions than all before; nothing moves otherwise."""
    names = ("sales", "products", "customers", "inventory", "outlets")
    before = {name: cafes.all(name, page_size=1000, deleted="true") for name in names}
    sandbox.advance(sales=30, merchant_id=cafes.known["id"])
    sandbox.advance(hours=24 * 8)
    later = {name: cafes.all(name, before[name][-1]["version"], page_size=1000, deleted="true") for name in names}

    assert [bool(later[name]) for name in names] == [True, True, True, True, False]
    for name in names:
        moved = {row["id"] for row in later[name]}
        unmoved = [row for row in before[name] if row["id"] not in moved]
        assert cafes.all(name, page_size=1000, deleted="true") == unmoved + later[name]
