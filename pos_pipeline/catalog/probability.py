"""How probable it is that two names mean one product: a logistic model of a handful of figures.

Its weights are in `weights.toml`, with where they come from; `python -m benchmarks.matching.fit` makes that
file from the training part of the labelled pairs. It ranks and calibrates; what forbids a match is in
`decide.py` and holds whatever the probability.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp

from pos_pipeline.catalog.compare import Evidence
from pos_pipeline.catalog.lexicon import WORD

FEATURES = (
    "complete",
    "similarity",
    "agreeing_words",
    "conflicts",
    "only_pos_words",
    "only_catalog_words",
    "only_pos_attributes",
    "only_catalog_attributes",
    "cut_short",
    "misspelt",
    "ambiguous",
    "unspoken",
    "not_literal",
)


@dataclass(frozen=True)
class Weights:
    """The model."""

    intercept: float
    weights: tuple[float, ...]
    """In the order of FEATURES."""

    def probability(self, evidence: Evidence) -> float:
        """That the two are one product, 0 to 1."""
        score = self.intercept + sum(w * x for w, x in zip(self.weights, figures(evidence), strict=True))
        return 1 / (1 + exp(-max(-30.0, min(30.0, score))))


def figures(evidence: Evidence) -> tuple[float, ...]:
    """The evidence as numbers, in the order of FEATURES; all but the first three speak against a match."""
    kinds = [guess.kind for guess in evidence.guesses]
    words_pos = len([1 for item in evidence.only_pos if item.meaning.kind == WORD])
    words_catalog = len([1 for item in evidence.only_catalog if item.meaning.kind == WORD])
    agreeing = len(evidence.agreeing) + len(evidence.guesses)
    all_said = agreeing + len(evidence.only_pos) + len(evidence.only_catalog) + 2 * len(evidence.conflicts)
    return (
        float(evidence.is_complete and not any(guess.is_ambiguous for guess in evidence.guesses)),
        evidence.similarity,
        agreeing / all_said if all_said else 0.0,
        float(min(2, len(evidence.conflicts))),
        float(min(2, words_pos)),
        float(min(2, words_catalog)),
        float(min(2, len(evidence.only_pos) - words_pos)),
        float(min(2, len(evidence.only_catalog) - words_catalog)),
        float(min(3, sum(kind in ("prefix", "skeleton") for kind in kinds))),
        float(min(2, kinds.count("typo"))),
        float(any(guess.is_ambiguous for guess in evidence.guesses)),
        float(min(2, len(evidence.silent))),
        float(not evidence.is_literal),
    )


@cache
def load_weights() -> Weights:
    """The weights that come with the package."""
    stored = tomllib.loads(files("pos_pipeline.catalog").joinpath("weights.toml").read_text(encoding="utf-8"))
    return Weights(stored["intercept"], tuple(stored["weights"][name] for name in FEATURES))
