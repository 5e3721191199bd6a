"""Which names are one product, which are not, and which need a person."""

import pytest

from pos_pipeline.catalog import Matcher

CATALOG = [
    "Croissant",
    "Croissant de mantequilla",
    "Pan integral",
    "Pan integral grande",
    "Baguette 250 g",
    "Baguette 500 g",
    "Café con leche",
    "Café latte",
    "Café americano 12oz",
    "Tarta de queso",
    "Tarta de manzana",
    "Bocadillo de jamón serrano",
    "Magdalenas 12 uds",
    "Agua sin gas 50 cl",
    "Napolitana de chocolate",
    "Leche con chocolate",
    "Latte avena",
    "Cheesecake",
]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    """A Spanish catalog."""
    return Matcher(CATALOG)


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("CROISSANTS", "Croissant"),
        ("Croiss. manteq.", "Croissant de mantequilla"),
        ("Mantequilla croissant", "Croissant de mantequilla"),
        ("cruasán mantequilla", "Croissant de mantequilla"),
        ("Croisant", "Croissant"),
        ("Pan integ gde", "Pan integral grande"),
        ("BAGUETTE 0,25 KG", "Baguette 250 g"),
        ("Cafe c/leche", "Café con leche"),
        ("Latte", "Café latte"),
        ("Americano 355 ml", "Café americano 12oz"),
        ("Boc. jamon serrano", "Bocadillo de jamón serrano"),
        ("Magdalenas docena", "Magdalenas 12 uds"),
        ("12 magdalenas", "Magdalenas 12 uds"),
        ("Agua s/gas 0.5L", "Agua sin gas 50 cl"),
        ("Latte leche de avena", "Latte avena"),
        ("Cheese cake", "Cheesecake"),
        ("0042 Tarta de queso", "Tarta de queso"),
    ],
)
def test_names_that_say_the_same_are_linked(matcher: Matcher, name: str, product: str) -> None:
    """Case, accents, plurals, order, units, short forms and misspellings do not matter."""
    decision = matcher.match(name)

    assert decision.best is not None
    assert (decision.action, CATALOG[decision.best.position]) == ("auto", product), decision.reasons


@pytest.mark.parametrize(
    "name",
    [
        "Croissant pistacho",
        "Croissant pitahaya",
        "Croissant xyz",
        "Croissant sin gluten",
        "Croissant mini",
        "Croissant x6",
        "Pan",
        "Baguette",
        "Baguette 300 g",
        "Café americano 16 oz",
        "Café con leche de soja",
        "Café con leche sin lactosa",
        "Tarta de queso y manzana",
        "Media tarta de queso",
        "Bocadillo de jamón",
        "Magdalenas 6 uds",
        "Agua con gas 50 cl",
        "Agua sin gas 33 cl",
        "Chocolate con leche",
        "Propina",
        "",
        "???",
    ],
)
def test_names_that_say_something_else_are_left_to_people(matcher: Matcher, name: str) -> None:
    """A size, count, flavour or diet that only one side has prevents a link, and so does any word nobody knows."""
    assert matcher.match(name).action != "auto"


def test_a_contradiction_is_said_in_words(matcher: Matcher) -> None:
    """The reasons name what differs."""
    [best, *_] = matcher.suggest("Baguette 300 g")

    assert best.reasons[0].startswith("quantity differs: '300 g' and '")


def test_two_products_of_the_same_meaning_are_a_question() -> None:
    """Where the catalog has it twice, a person decides; an equal name is no question."""
    matcher = Matcher(["Zumo de naranja", "Jugo de naranja"], "es")

    assert matcher.match("Naranja zumos").action == "auto"
    assert matcher.match("Zumo naranja").action == "auto"
    assert Matcher(["Zumo naranja", "Zumo de naranja"], "es").match("Jugo naranja").action == "review"


def test_a_short_form_of_two_things_is_a_question() -> None:
    """A tarta "man" may be mango, manzana or mantequilla, though the catalog has only one of them."""
    decision = Matcher(["Tarta de mango"], "es").match("Tarta man")

    assert decision.action == "review"
    assert "or for something else" in " ".join(decision.reasons)


def test_a_word_of_the_catalog_is_no_misspelling() -> None:
    """What the catalog knows as a word of its own is not taken for a neighbour of one letter."""
    matcher = Matcher(["Tarta brisal", "Copa brisas"], "es")

    assert matcher.match("Tarta brisas").action == "review"


def test_a_spelling_means_what_the_catalogs_language_makes_of_it() -> None:
    """The word "jam" is marmalade in English and ham in Spanish."""
    spanish = Matcher(["Bocadillo de jamón", "Tarta de queso", "Café con leche"])
    english = Matcher(["Ham Sandwich", "Toast with Jam", "Coffee with Milk"])

    assert spanish.match("Bocadillo jam").action == "auto"
    assert english.match("Jam sandwich").action != "auto"


def test_a_higher_threshold_links_less(matcher: Matcher) -> None:
    """The threshold is a probability: what is below it is shown, with the reason."""
    assert matcher.match("Boc. jamon serrano", threshold=0.8).action == "auto"
    decision = matcher.match("Boc. jamon serrano", threshold=0.999)

    assert decision.action == "review"
    assert "below" in decision.reasons[0]


def test_no_catalog_no_suggestion() -> None:
    """An empty catalog answers too."""
    assert Matcher([]).match("Croissant").action == "none"


def test_order_of_the_catalog_does_not_matter(matcher: Matcher) -> None:
    """The same names give the same answer from a catalog read backwards."""
    backwards = Matcher(CATALOG[::-1])

    for name in ("Croiss. manteq.", "Tarta qso", "Baguette 500gr", "Pan"):
        one, other = matcher.suggest(name, 1)[0], backwards.suggest(name, 1)[0]
        assert one.probability == other.probability
