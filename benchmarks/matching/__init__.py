"""Matching names of tills to a catalog: precision and coverage of links made by themselves, and how fast.

    pairs.csv ─test part─▶ our matcher │ SequenceMatcher ≥ 0.8 │ WRatio ≥ 80 ─▶ the same figures of each

Weights are not fitted to the test part, and its errors were not listed meanwhile; README.md says how the pairs
came to be.
"""

import time
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.matching.pairs import Pair, catalogs, load_pairs
from benchmarks.matching.scores import Answer, Scores, our_answers, scores, sequence_matcher_answers, wratio_answers
from benchmarks.report import Row, Table, Verdict
from pos_pipeline.catalog import Matcher

NAMES, CATALOG = 1_000, 5_000
SECONDS_BUDGET = 0.5
WRONG_BUDGET = 0.005
UNCOVERED_BUDGET = 0.3
ADDITIONS = ("", "250 g", "500 g", "1 kg", "mini", "grande", "x6", "x12", "con pasas", "rústico", "vegano", "ahumado",
             "4 pers", "especial", "de otoño", "doble")  # fmt: skip
"""What makes a large catalog of the small ones."""
TITLES = (
    "Matcher", "linked", "wrong", "precision", "coverage", "of revenue: precision", "coverage", "recall@5",
    "calibration error",
)  # fmt: skip


def rows(*, rounds: int) -> Iterator[Row | Table]:
    """Rows of the table."""
    pairs = load_pairs("test")
    answers = {
        "ours": our_answers(pairs),
        "SequenceMatcher ≥ 0.8": sequence_matcher_answers(pairs),
        "WRatio ≥ 80": wratio_answers(pairs),
    }
    ours = scores(answers["ours"])
    theirs = {name: scores(answer) for name, answer in answers.items()}
    beside = "; ".join(f"{name}: {one.wrong} wrong of {one.linked}" for name, one in theirs.items() if name != "ours")
    yield Row(
        f"Links made without a person, {len(pairs)} unseen names in Spanish, English and French",
        f"{ours.wrong} wrong of {ours.linked}",
        beside,
        Verdict(1 - ours.precision, WRONG_BUDGET, "wrong"),
    )
    yield Row(
        "Of these names with a counterpart, not linked and left to a person",
        f"{1 - ours.coverage:.3f}",
        verdict=Verdict(1 - ours.coverage, UNCOVERED_BUDGET, "left"),
    )
    seconds = median(seconds_to_match() for _ in range(rounds))
    yield Row(
        f"{NAMES:,} names against a catalog of {CATALOG:,}",
        f"{seconds:.2f} s CPU, the catalog's reading included",
        verdict=Verdict(seconds, SECONDS_BUDGET, "s CPU"),
    )
    yield Table("Matching: unseen names", TITLES, [_line(name, one) for name, one in theirs.items()])
    yield Table("Matching: unseen names by case, ours", TITLES[:5], list(_by_tag(answers["ours"])))


def seconds_to_match() -> float:
    """CPU seconds to read a catalog of 5,000 and match 1,000 names."""
    names = [name for one in catalogs().values() for name in one]
    catalog = [f"{name} {addition}".strip() for addition in ADDITIONS for name in names][:CATALOG]
    asked = [pair.pos_name for pair in load_pairs()][:NAMES]
    Matcher(catalog[:10], "es")  # the word lists are read once per process
    started = time.process_time()
    Matcher(catalog, "es").match_all(asked)
    return time.process_time() - started


def _line(name: str, one: Scores) -> tuple[str, ...]:
    return (
        name,
        str(one.linked),
        str(one.wrong),
        f"{one.precision:.3f}",
        f"{one.coverage:.3f}",
        f"{one.revenue_precision:.3f}",
        f"{one.revenue_coverage:.3f}",
        f"{one.recall_at_5:.3f}" if name != "WRatio ≥ 80" or one.recall_at_5 else "",
        f"{one.calibration_error:.3f}" if name == "ours" else "",
    )


def _by_tag(answers: Sequence[Answer]) -> Iterator[tuple[str, ...]]:
    tags = sorted({tag for answer in answers for tag in answer.pair.tags})
    for tag in tags:
        yield _line(tag, scores([one for one in answers if tag in one.pair.tags]))[:5]


__all__ = ["Pair", "rows"]
