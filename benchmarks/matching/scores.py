"""Precision, coverage, recall of suggestions and calibration of a matcher on labelled pairs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher

from rapidfuzz import fuzz, process, utils

from benchmarks.matching.pairs import Pair, catalogs
from pos_pipeline.catalog import Matcher

BINS = 10
SUGGESTIONS = 5


@dataclass(frozen=True)
class Answer:
    """What a matcher says about one pair."""

    pair: Pair
    chosen: str | None
    """The catalog product it links by itself."""
    suggested: tuple[str, ...] = ()
    probability: float | None = None
    """Of the best suggestion."""

    @property
    def is_right(self) -> bool:
        """Whether what was linked is what the label says."""
        return self.chosen == self.pair.catalog_name


@dataclass(frozen=True)
class Scores:
    """Figures over a set of answers; shares are 0 to 1."""

    linked: int
    wrong: int
    precision: float
    coverage: float
    """Rightly linked, of the names that have a counterpart."""
    revenue_precision: float
    revenue_coverage: float
    recall_at_5: float
    calibration_error: float
    """Mean distance of probability from share of right best suggestions, over ten bins, weighted by their size."""


def our_answers(pairs: Sequence[Pair]) -> list[Answer]:
    """Of the project's matcher, at the default threshold."""
    matchers = {language: (names, Matcher(names)) for language, names in catalogs().items()}
    answers = []
    for pair in pairs:
        names, matcher = matchers[pair.language]
        decision = matcher.match(pair.pos_name)
        suggested = tuple(names[one.position] for one in decision.suggestions)
        answers.append(
            Answer(
                pair,
                suggested[0] if decision.action == "auto" else None,
                suggested,
                decision.best.probability if decision.best else None,
            )
        )
    return answers


def sequence_matcher_answers(pairs: Sequence[Pair]) -> list[Answer]:
    """Of difflib: the most similar name from 0.8 on, lower case."""

    def ratio(one: str, other: str) -> float:
        return 100 * SequenceMatcher(None, one, other).ratio()

    return _by_similarity(pairs, ratio)


def wratio_answers(pairs: Sequence[Pair]) -> list[Answer]:
    """Of rapidfuzz's WRatio: the most similar name from 80 on."""
    return _by_similarity(pairs, fuzz.WRatio)


def _by_similarity(pairs: Sequence[Pair], scorer: Callable[..., float]) -> list[Answer]:
    answers = []
    for pair in pairs:
        names = catalogs_of(pair.language)
        if scorer is fuzz.WRatio:
            best = process.extract(
                pair.pos_name, names, scorer=scorer, processor=utils.default_process, limit=SUGGESTIONS
            )
            ranked = [(name, score) for name, score, _ in best]
        else:
            scored = [(name, scorer(pair.pos_name.lower(), name.lower())) for name in names]
            ranked = sorted(scored, key=lambda one: -one[1])[:SUGGESTIONS]
        name, score = ranked[0]
        answers.append(Answer(pair, name if score >= 80 else None, tuple(one for one, _ in ranked)))
    return answers


def catalogs_of(language: str) -> list[str]:
    """One language's catalog."""
    if not _catalogs:
        _catalogs.update(catalogs())
    return _catalogs[language]


_catalogs: dict[str, list[str]] = {}


def scores(answers: Sequence[Answer]) -> Scores:
    """Figures of a matcher."""
    linked = [one for one in answers if one.chosen is not None]
    right = [one for one in linked if one.is_right]
    matchable = [one for one in answers if one.pair.catalog_name]
    found = sum(one.pair.catalog_name in one.suggested[:SUGGESTIONS] for one in matchable)
    return Scores(
        linked=len(linked),
        wrong=len(linked) - len(right),
        precision=_share(len(right), len(linked)),
        coverage=_share(len(right), len(matchable)),
        revenue_precision=_share(_revenue(right), _revenue(linked)),
        revenue_coverage=_share(_revenue(right), _revenue(matchable)),
        recall_at_5=_share(found, len(matchable)),
        calibration_error=_calibration_error(answers),
    )


def _calibration_error(answers: Sequence[Answer]) -> float:
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in answers:
        if one.probability is not None:
            is_match = one.suggested[0] == one.pair.catalog_name
            bins[min(BINS - 1, int(one.probability * BINS))].append((one.probability, is_match))
    total = sum(map(len, bins.values()))
    distance = sum(abs(sum(p for p, _ in one) - sum(hit for _, hit in one)) for one in bins.values())
    return distance / total if total else 0.0


def _revenue(answers: Sequence[Answer]) -> Decimal:
    return sum((one.pair.revenue for one in answers), Decimal(0))


def _share(part: Decimal | int, whole: Decimal | int) -> float:
    return float(part / whole) if whole else 1.0
