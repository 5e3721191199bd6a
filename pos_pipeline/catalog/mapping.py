"""Map the open products of a tenant: by the POS's id, then SKU or bar code, then name; the rest gets suggestions.

    open products ─id─▶ ─SKU, GTIN─▶ ─name─▶ linked, with reasons
                                        └──▶ pos.mapping_suggestions, for people

Only adds: what is mapped stays, whoever mapped it, and a pair that a person has rejected is not linked again.
The database keeps the history (trigger `keep_history`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from pos_pipeline.catalog.assign import one_to_one
from pos_pipeline.catalog.decide import Decision
from pos_pipeline.catalog.match import SUGGESTIONS, Matcher
from pos_pipeline.catalog.statements import (
    COUNT_OPEN,
    FORGET_SUGGESTIONS,
    HAS_MARTS,
    KEEP_RUN,
    KEEP_SUGGESTION,
    LOCK,
    MAP_BY_ID,
    MAP_BY_NAME,
    MAP_BY_SKU,
    OPEN_NAMES,
    REJECTED,
    SELLABLE,
    TAKEN,
)
from pos_pipeline.warehouse.database import Connection

HIGH_CONFIDENCE = 0.95
"""From here on a link counts as of high confidence; ids, SKUs and bar codes are 1."""


@dataclass(frozen=True)
class MappingResult:
    """What a run has brought. Products are counted once per shop."""

    total_unmapped: int
    """Without a mapping before."""
    mapped: int
    high_confidence: int
    """Of the mapped, with a confidence of HIGH_CONFIDENCE or more."""

    @property
    def remaining(self) -> int:
        """Left to people."""
        return self.total_unmapped - self.mapped


@dataclass(frozen=True)
class _Choice:
    """A tenant's catalog and how it was matched."""

    products: Sequence[dict[str, Any]]
    matcher: Matcher


def apply_matches(
    transaction: Connection, tenant_id: UUID, *, threshold: float, mapped_by: str, pos_account_id: UUID | None = None
) -> MappingResult:
    """Link what needs no person, in this transaction, for one tenant, or one shop of it.

    `threshold` is AUTO_MAPPING_CONFIDENCE_THRESHOLD. Before the first models are made nothing has a name and
    nothing is linked. Two runs for one tenant wait for each other.
    """
    scope: dict[str, Any] = {"tenant_id": tenant_id, "pos_account_id": pos_account_id, "mapped_by": mapped_by}
    transaction.execute(LOCK, scope)
    total = _value(transaction, COUNT_OPEN, scope)
    if not _value(transaction, HAS_MARTS, scope):
        return MappingResult(total, 0, 0)
    by_key = _value(transaction, MAP_BY_ID, scope) + _value(transaction, MAP_BY_SKU, scope)
    confidences = _map_by_name(transaction, scope, threshold)
    result = MappingResult(
        total, by_key + len(confidences), by_key + sum(one >= HIGH_CONFIDENCE for one in confidences)
    )
    if pos_account_id is None:
        transaction.execute(KEEP_RUN, scope | {"total_unmapped": total, "mapped": result.mapped})
    return result


def _map_by_name(transaction: Connection, scope: dict[str, Any], threshold: float) -> list[float]:
    """Confidences of the links made; suggestions for the others are stored anew."""
    transaction.execute(FORGET_SUGGESTIONS, scope)
    catalog, open_products = _rows(transaction, SELLABLE, scope), _rows(transaction, OPEN_NAMES, scope)
    if not catalog or not open_products:
        return []
    choice = _Choice(catalog, Matcher([product["name"] for product in catalog]))
    place = {product["id"]: position for position, product in enumerate(catalog)}
    taken, rejected = defaultdict(set), defaultdict(set)
    for row in _rows(transaction, TAKEN, scope):
        taken[row["pos_account_id"]].add(place.get(row["bakery_product_id"], -1))
    for row in _rows(transaction, REJECTED, scope):
        rejected[row["pos_account_id"], row["pos_product_id"]].add(place.get(row["bakery_product_id"], -1))
    by_account: dict[UUID, dict[str, Decision]] = defaultdict(dict)
    words: dict[tuple[UUID, str], dict[str, Any]] = {}
    for product in open_products:
        key = (product["pos_account_id"], product["pos_product_id"])
        words[key] = product
        refused = frozenset(rejected.get(key, ()))
        by_account[key[0]][key[1]] = choice.matcher.match(product["name"], threshold, refused)
    links, suggestions = [], []
    for account_id, decisions in by_account.items():
        for product_id, decision in one_to_one(decisions, taken[account_id]).items():
            row = scope | words[account_id, product_id]
            if decision.action == "auto":
                links.append(row | _first(choice, decision))
            elif decision.action == "review":
                suggestions += [row | one for one in _all(choice, decision)]
    with transaction.cursor() as cursor:
        cursor.executemany(MAP_BY_NAME, links)
        cursor.executemany(KEEP_SUGGESTION, suggestions)
    return [link["confidence"] for link in links]


def _first(choice: _Choice, decision: Decision) -> dict[str, Any]:
    [first, *_] = _all(choice, decision)
    return first


def _all(choice: _Choice, decision: Decision) -> list[dict[str, Any]]:
    """A decision's suggestions as parameters; the first tells why it was or was not linked."""
    return [
        {
            "bakery_product_id": choice.products[one.position]["id"],
            "bakery_product_name": choice.products[one.position]["name"],
            "confidence": round(one.probability, 4),
            "reasons": list(one.reasons if rank > 1 else decision.reasons),
            "rank": rank,
        }
        for rank, one in enumerate(decision.suggestions[:SUGGESTIONS], start=1)
    ]


def _value(transaction: Connection, statement: str, parameters: dict[str, Any]) -> int:
    row = transaction.execute(statement, parameters).fetchone()
    return int(row[0]) if row else 0


def _rows(transaction: Connection, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with transaction.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, parameters).fetchall()
