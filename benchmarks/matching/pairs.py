"""The labelled pairs: names as a till has them, and the catalog product each is, if any."""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

FILE = Path(__file__).parent / "pairs.csv"
EASY_TAGS = frozenset({"plain", "case"})


@dataclass(frozen=True)
class Pair:
    """One line of `pairs.csv`."""

    language: str
    family: str
    split: str
    """train, validation or test; a family is in one of them with all its products."""
    pos_name: str
    catalog_name: str
    """Empty where the catalog has no such product."""
    tags: frozenset[str]
    revenue: Decimal
    """Made up, few products bringing most of it, as in shops."""

    @property
    def is_hard(self) -> bool:
        """Whether more than case and filler words tells the names, or the products, apart."""
        return not self.tags <= EASY_TAGS


def load_pairs(*splits: str) -> list[Pair]:
    """The pairs of these splits, of all when none is named, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        pairs = [
            Pair(
                row["language"],
                row["family"],
                row["split"],
                row["pos_name"],
                row["catalog_name"],
                frozenset(row["tags"].split("|")),
                Decimal(row["revenue"]),
            )
            for row in csv.DictReader(file)
        ]
    return [pair for pair in pairs if not splits or pair.split in splits]


def catalogs() -> dict[str, list[str]]:
    """Every language's whole catalog: test names are looked for among the products of all splits."""
    found: dict[str, dict[str, None]] = {}
    for pair in load_pairs():
        names = found.setdefault(pair.language, {})
        if pair.catalog_name:
            names[pair.catalog_name] = None
    return {language: list(names) for language, names in found.items()}
