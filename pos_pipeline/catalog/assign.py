"""Keep two products of one shop from becoming one catalog product without a person.

A shop has a product once, as a rule: two that seem the same are a doublet, or one was misread. People may
link many to one; nobody else does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from pos_pipeline.catalog.decide import MARGIN, Decision

TAKEN = "another product of this shop is linked to it"
WANTED_TWICE = "another product of this shop is as near to it"


def one_to_one(decisions: Mapping[str, Decision], taken: AbstractSet[int] = frozenset()) -> dict[str, Decision]:
    """One shop's decisions by POS product, with `auto` turned into `review` where a catalog product has a rival.

    `taken` are positions of catalog products that products of this shop are linked to already. Of several that
    want the same one, the nearest gets it if it says the same words or leads by the margin; else none does.
    """
    wanting: dict[int, list[str]] = defaultdict(list)
    for product, decision in decisions.items():
        if decision.action == "auto" and decision.best:
            wanting[decision.best.position].append(product)
    settled = dict(decisions)
    for position, products in wanting.items():
        if position in taken:
            settled |= {product: _left_to_people(decisions[product], TAKEN) for product in products}
        elif len(products) > 1:
            winner = _nearest(products, decisions)
            settled |= {
                product: _left_to_people(decisions[product], WANTED_TWICE) for product in products if product != winner
            }
    return settled


def _nearest(products: Sequence[str], decisions: Mapping[str, Decision]) -> str | None:
    def nearness(product: str) -> tuple[bool, float]:
        best = decisions[product].suggestions[0]
        return best.evidence.is_literal, best.probability

    first, second = sorted(products, key=nearness, reverse=True)[:2]
    (first_is_literal, mine), (second_is_literal, other) = nearness(first), nearness(second)
    leads = (first_is_literal and not second_is_literal) or mine - other >= MARGIN
    return first if leads else None


def _left_to_people(decision: Decision, reason: str) -> Decision:
    return replace(decision, action="review", reasons=(reason, *decision.reasons))
