"""Match names of a POS against a catalog, many at once.

    names ─read─▶ readings ─index─▶ candidates ─compare─▶ evidence ─weigh─▶ probability ─▶ decision

Pure: no database, no settings, no state; the same names give the same answer in any order.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pos_pipeline.catalog.candidates import CandidateIndex
from pos_pipeline.catalog.compare import compare
from pos_pipeline.catalog.decide import Decision, Suggestion, decide
from pos_pipeline.catalog.lexicon import language_of, load_lexicon
from pos_pipeline.catalog.probability import Weights, load_weights
from pos_pipeline.catalog.reading import Reading, read_name

CANDIDATES = 8
"""Compared in full for every name."""
SUGGESTIONS = 5
LANGUAGE_SAMPLE = 500
DEFAULT_THRESHOLD = 0.80


class Matcher:
    """A catalog's names, ready to be matched against."""

    def __init__(self, catalog: Sequence[str], language: str | None = None, weights: Weights | None = None) -> None:
        """Read the catalog. `language` (es, en, fr) is told from the names unless given."""
        step = max(1, len(catalog) // LANGUAGE_SAMPLE)
        self._lexicon = load_lexicon(language or language_of(catalog[::step]))
        self._weights = weights or load_weights()
        self._readings = [read_name(name, self._lexicon) for name in catalog]
        self._index = CandidateIndex(self._readings)

    def suggest(
        self, name: str, limit: int = SUGGESTIONS, rejected: AbstractSet[int] = frozenset()
    ) -> list[Suggestion]:
        """Catalog products the name may mean, most probable first, without the `rejected` positions."""
        reading = read_name(name, self._lexicon)
        found = [
            self._suggestion(reading, position)
            for position in self._index.find(reading, CANDIDATES + len(rejected))
            if position not in rejected
        ]
        found.sort(
            key=lambda one: (-one.probability, not one.evidence.is_literal, -one.evidence.similarity, one.position)
        )
        return found[:limit]

    def match(
        self, name: str, threshold: float = DEFAULT_THRESHOLD, rejected: AbstractSet[int] = frozenset()
    ) -> Decision:
        """What to do about a name. `threshold` is AUTO_MAPPING_CONFIDENCE_THRESHOLD, 0 to 1.

        `rejected` are positions a person has said it is not.
        """
        return decide(self.suggest(name, rejected=rejected), threshold)

    def match_all(self, names: Sequence[str], threshold: float = DEFAULT_THRESHOLD) -> list[Decision]:
        """Decisions for each name by itself; `one_to_one` keeps two of one shop from becoming one product."""
        return [self.match(name, threshold) for name in names]

    def _suggestion(self, reading: Reading, position: int) -> Suggestion:
        other = self._readings[position]
        evidence = compare(reading, other, self._lexicon, self._index.vocabulary)
        return Suggestion(position, self._weights.probability(evidence), evidence, reading, other)
