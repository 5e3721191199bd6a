"""The promise of links without people, held on product families the weights were not fitted to."""

import pytest

from benchmarks.matching.fit import fit
from benchmarks.matching.pairs import catalogs, load_pairs
from benchmarks.matching.scores import our_answers, scores, sequence_matcher_answers, wratio_answers
from pos_pipeline.catalog.probability import FEATURES


def test_links_to_unseen_products_are_right() -> None:
    """Of what is linked 0.995 is right, 0.7 is linked, and the right one is among five suggestions."""
    found = scores(our_answers(load_pairs("test")))

    assert found.precision >= 0.995
    assert found.coverage >= 0.7
    assert found.revenue_coverage >= 0.7
    assert found.recall_at_5 >= 0.98
    assert found.calibration_error <= 0.05


def test_plain_similarity_does_not_do() -> None:
    """What the pairs are for: similarity of letters links flavours and sizes to each other."""
    pairs = load_pairs("test")

    assert scores(sequence_matcher_answers(pairs)).precision < 0.9
    assert scores(wratio_answers(pairs)).precision < 0.9


def test_the_pairs_are_what_they_say() -> None:
    """Enough of them, half of them hard, in three languages, no family in two splits, no label without a product."""
    pairs = load_pairs()

    assert len(pairs) >= 1_500
    assert sum(pair.is_hard for pair in pairs) >= len(pairs) / 2
    assert {pair.language for pair in pairs} == {"es", "en", "fr"}
    assert len({(pair.language, pair.pos_name) for pair in pairs}) == len(pairs)
    splits = {(pair.language, pair.family): pair.split for pair in pairs}
    assert all(splits[pair.language, pair.family] == pair.split for pair in pairs)
    names = catalogs()
    assert not [pair for pair in pairs if not pair.catalog_name and pair.pos_name in names[pair.language]]


def test_a_fit_finds_what_separates() -> None:
    """A figure that comes with matches gets a positive weight, one that speaks against them a negative or none."""
    place = FEATURES.index("similarity") + 1
    samples = [[0.0] * (len(FEATURES) + 1) for _ in range(40)]
    for number, sample in enumerate(samples):
        sample[0], sample[place] = 1.0, number / 40
    weights = fit(samples, [number >= 20 for number in range(40)])

    assert weights[place] > 1
    assert weights[0] < 0
    assert all(weights[1 + FEATURES.index(name)] <= 0 for name in ("conflicts", "ambiguous"))


@pytest.mark.parametrize("language", ["es", "en", "fr"])
def test_every_language_keeps_the_promise(language: str) -> None:
    """None is carried by the others."""
    found = scores(our_answers([pair for pair in load_pairs("test") if pair.language == language]))

    assert found.precision >= 0.99
    assert found.coverage >= 0.7
