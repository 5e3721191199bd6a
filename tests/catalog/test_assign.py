"""Two products of a shop that want one catalog product."""

from pos_pipeline.catalog import Matcher
from pos_pipeline.catalog.assign import one_to_one

CATALOG = ["Croissant", "Baguette"]


def actions(*names: str, taken: frozenset[int] = frozenset()) -> dict[str, str]:
    """What is done about each name of a shop."""
    matcher = Matcher(CATALOG, "es")
    decisions = one_to_one({name: matcher.match(name) for name in names}, taken)
    return {name: decision.action for name, decision in decisions.items()}


def test_the_one_with_the_same_words_wins() -> None:
    """A synonym waits beside the name itself."""
    assert actions("Croissant", "Cruasán", "Baguette") == {
        "Croissant": "auto",
        "Cruasán": "review",
        "Baguette": "auto",
    }


def test_of_equals_none_wins() -> None:
    """A doublet of the till is a person's business."""
    assert actions("Croissant", "CROISSANTS") == {"Croissant": "review", "CROISSANTS": "review"}


def test_what_is_taken_is_not_given_again() -> None:
    """Also not to the better name."""
    assert actions("Croissant", "Baguette", taken=frozenset({0})) == {"Croissant": "review", "Baguette": "auto"}
