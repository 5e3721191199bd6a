"""`python -m benchmarks.matching.fit`: fit the matcher's probability to the training pairs, write weights.toml.

Logistic regression by Newton's method with a ridge, over the candidates of every training name. No weight may
have the wrong sign: more similar is never less probable, more contradiction never more. Names of the
validation and test families are not read.
"""

import sys
from collections.abc import Sequence
from math import exp

from benchmarks.matching.pairs import catalogs, load_pairs
from pos_pipeline.catalog import Matcher
from pos_pipeline.catalog.probability import FEATURES, figures
from pos_pipeline.settings import PROJECT_ROOT

TARGET = PROJECT_ROOT / "pos_pipeline" / "catalog" / "weights.toml"
CANDIDATES = 5
RIDGE = 1.0
ROUNDS = 60
PRIOR = {"cut_short": -0.7, "misspelt": -1.0, "ambiguous": -2.0, "unspoken": -0.7, "not_literal": -0.3}
"""Where a weight is drawn to; elsewhere to 0. The pairs and the word lists have one author, so that guesses come out
better on the pairs than they will be on other menus: the doubt is put in by hand."""
SPEAK_FOR = frozenset({"complete", "similarity", "agreeing_words"})


def main() -> int:
    """Fit and write."""
    samples, labels = training_samples()
    weights = fit(samples, labels)
    lines = [
        "# Weights of the match probability (probability.py). Written by `python -m benchmarks.matching.fit` from the",
        f"# training part of benchmarks/matching/pairs.csv: {len(labels)} candidates, {sum(labels)} of them matches.",
        f"intercept = {weights[0]:.4f}",
        "",
        "[weights]",
        *(f"{name} = {weight:.4f}" for name, weight in zip(FEATURES, weights[1:], strict=True)),
    ]
    TARGET.write_text("\n".join(lines) + "\n")
    return 0


def training_samples() -> tuple[list[list[float]], list[bool]]:
    """Figures of the nearest candidates of every training name, a one before each, and whether it is the match."""
    matchers = {language: (names, Matcher(names)) for language, names in catalogs().items()}
    samples, labels = [], []
    for pair in load_pairs("train"):
        names, matcher = matchers[pair.language]
        for one in matcher.suggest(pair.pos_name, CANDIDATES):
            samples.append([1.0, *figures(one.evidence)])
            labels.append(names[one.position] == pair.catalog_name)
    return samples, labels


def fit(samples: Sequence[Sequence[float]], labels: Sequence[bool]) -> list[float]:
    """Intercept and weights; those that would have the wrong sign are 0."""
    count = len(samples[0])
    used = set(range(count))
    while True:
        weights = _newton(samples, labels, sorted(used), count)
        wrong = {
            place
            for place in used - {0}
            if (weights[place] < 0) == (FEATURES[place - 1] in SPEAK_FOR) and weights[place] != 0
        }
        if not wrong:
            return weights
        used -= wrong


def _newton(samples: Sequence[Sequence[float]], labels: Sequence[bool], used: list[int], count: int) -> list[float]:
    weights = [0.0] * len(used)
    rows = [[sample[place] for place in used] for sample in samples]
    for _ in range(ROUNDS):
        gradient = [
            RIDGE * (PRIOR.get(FEATURES[place - 1], 0.0) - weight) * (place != 0)
            for place, weight in zip(used, weights, strict=True)
        ]
        hessian = [[RIDGE * (row == column) * (used[row] != 0) + 1e-9 * (row == column) for column in range(len(used))]
                   for row in range(len(used))]  # fmt: skip
        for row, label in zip(rows, labels, strict=True):
            score = sum(w * x for w, x in zip(weights, row, strict=True))
            p = 1 / (1 + exp(-max(-30.0, min(30.0, score))))
            for i, x in enumerate(row):
                if x:
                    gradient[i] += (label - p) * x
                    for j, y in enumerate(row):
                        hessian[i][j] += p * (1 - p) * x * y
        step = _solve(hessian, gradient)
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    found = [0.0] * count
    for place, weight in zip(used, weights, strict=True):
        found[place] = weight
    return found


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(size):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [x - factor * y for x, y in zip(rows[row], rows[column], strict=True)]
    return [rows[row][size] / rows[row][row] for row in range(size)]


if __name__ == "__main__":
    sys.exit(main())
