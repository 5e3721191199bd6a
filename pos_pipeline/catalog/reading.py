"""What a product's name says: a bag of attributes and words, whatever their order, language or spelling.

"Caja 6 croissants mini s/gluten"  ──▶  count 6, size mini, diet gluten_free, form box, word croissant
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pos_pipeline.catalog.lexicon import WORD, Lexicon, Meaning
from pos_pipeline.catalog.normalise import normalise, stem

MASS, VOLUME, OUNCES, COUNT, SERVINGS, PERCENT = "mass_g", "volume_ml", "ounces", "count", "servings", "percent"
NUMBER = "number"
"""A number without a unit: a count perhaps, perhaps part of a name."""
_NUMBER = r"(\d+(?:\.\d+)?(?:/\d+)?)"
_UNITS: dict[str, dict[str, float]] = {
    MASS: {"g": 1, "gr": 1, "grs": 1, "gramo": 1, "gramos": 1, "gram": 1, "grams": 1, "grammes": 1, "gm": 1, "kg": 1000,
           "kgs": 1000, "k": 1000, "kilo": 1000, "kilos": 1000, "lb": 453.6, "lbs": 453.6, "libra": 453.6,
           "libras": 453.6},
    VOLUME: {"ml": 1, "cc": 1, "cl": 10, "dl": 100, "l": 1000, "lt": 1000, "lts": 1000, "ltr": 1000, "litro": 1000,
             "litros": 1000, "litre": 1000, "litres": 1000, "liter": 1000, "pint": 568.3},
    OUNCES: {"oz": 1, "onz": 1, "onza": 1, "onzas": 1, "ounce": 1, "ounces": 1, "fl oz": 1, "floz": 1},
    SERVINGS: {"pers": 1, "persona": 1, "personas": 1, "personne": 1, "personnes": 1, "pax": 1, "p": 1, "racion": 1,
               "raciones": 1, "porciones": 1, "parts": 1, "portions": 1, "servings": 1, "serves": 1, "slices": 1},
    COUNT: {"u": 1, "ud": 1, "uds": 1, "und": 1, "unid": 1, "unidades": 1, "unidad": 1, "un": 1, "pz": 1, "pza": 1,
            "pzas": 1, "piezas": 1, "pieza": 1, "pc": 1, "pcs": 1, "pk": 1, "pack": 1, "ct": 1, "count": 1, "pieces": 1,
            "piece": 1, "units": 1, "unites": 1, "pces": 1, "x": 1, "docenas": 12, "docena": 12, "dozen": 12, "doz": 12,
            "dz": 12,
            "douzaine": 12, "douzaines": 12},
}  # fmt: skip
_UNIT_OF = {unit: (kind, size) for kind, units in _UNITS.items() for unit, size in units.items()}
_WITH_UNIT = re.compile(
    rf"(?:(?<=\s)|^){_NUMBER} ?({'|'.join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))})(?=\s|$)"
)
_COUNTED = re.compile(
    r"\b(?:(?:caja|pack|lot|lote|boite|coffret|bolsa|sachet|set|bandeja|estuche|box|bag|paquete|paq) (?:de |of |d )?"
    r"|x )(\d+)(?=\s|$)(?! (?:g|gr|grs|kg|ml|cl|l|oz|lb)(?:\s|$))"
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_BARE = re.compile(r"^\d+(?:\.\d+)?$")
_CODE = re.compile(r"^(?:0\d{2,}|\d{4,})(?=\s)")
_CONTAINER = re.compile(r"^(caja|boite|coffret|bolsa|sachet|box|bag)\b")
_DIGIT = re.compile(r"\d")


class Item(NamedTuple):
    """One thing a name says."""

    meaning: Meaning
    surface: str
    """Its stems as written, joined by blanks."""
    is_known: bool
    """Whether the word lists have it; what they do not have may be misspelt, cut short or new."""


@dataclass(frozen=True)
class Reading:
    """A name, taken apart."""

    name: str
    text: str
    """Normalised."""
    items: tuple[Item, ...]

    @cached_property
    def literal(self) -> str:
        """The stems in alphabetical order: equal for names that differ in case, accents, plural and order only."""
        return " ".join(sorted(word for item in self.items for word in item.surface.split()))

    @cached_property
    def unspaced(self) -> str:
        """The name as one word: "cheese cake" and "cheesecakes" are one."""
        return stem(self.text.replace(" ", ""))


def read_name(name: str, lexicon: Lexicon) -> Reading:
    """Take a name apart. Nothing is dropped that could tell two products apart; names without words read empty."""
    text = normalise(name)
    items: list[Item] = []
    rest = _quantities(_CODE.sub(" ", text), items) if _DIGIT.search(text) else text
    items += _phrases([stem(word) for word in rest.split()], lexicon)
    return Reading(name, text, tuple(items))


def _quantities(text: str, items: list[Item]) -> str:
    def take(kind: str, amount: float, surface: str) -> str:
        if not (kind == COUNT and amount == 1):
            items.append(Item(Meaning(kind, f"{amount:g}"), surface, is_known=True))
        return " "

    def counted(match: re.Match[str]) -> str:
        container = _CONTAINER.match(match.group(0))
        return take(COUNT, float(match.group(1)), match.group(0).strip()) + (container.group(1) if container else "")

    def with_unit(match: re.Match[str]) -> str:
        kind, size = _UNIT_OF[match.group(2)]
        return take(kind, _value(match.group(1)) * size, match.group(0))

    text = _PERCENT.sub(lambda match: take(PERCENT, float(match.group(1)), match.group(0)), text)
    text = _COUNTED.sub(counted, f" {text} ".replace("  ", " ").strip())
    return _WITH_UNIT.sub(with_unit, text)


def _value(number: str) -> float:
    upper, _, lower = number.partition("/")
    return float(upper) / (float(lower) or 1.0) if lower else float(upper)


def _phrases(stems: list[str], lexicon: Lexicon) -> Iterator[Item]:
    """Longest phrases first, from left to right; stop words are stepped over inside a phrase too."""
    words = [word for word in stems if word not in lexicon.stop and word not in lexicon.empty]
    position = 0
    while position < len(words):
        word = words[position]
        for length in range(min(lexicon.longest, len(words) - position), 0, -1):
            phrase = tuple(words[position : position + length])
            meaning = lexicon.phrases.get(phrase)
            if meaning:
                yield Item(meaning, " ".join(phrase), is_known=True)
                position += length
                break
        else:
            following = words[position + 1] if position + 1 < len(words) else None
            if following and word in lexicon.without:
                yield Item(Meaning("diet", f"without {lexicon.known.get(following, following)}"), f"{word} {following}",
                           is_known=True)  # fmt: skip
                position += 2
                continue
            kind = NUMBER if _BARE.match(word) else WORD
            yield Item(Meaning(kind, word), word, is_known=kind == NUMBER or word in lexicon.known)
            position += 1
