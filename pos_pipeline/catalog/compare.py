"""Two readings side by side: what agrees, what contradicts, what only one of them says.

Nothing is decided here. A contradiction ("250 g" and "500 g") and a silence ("250 g" and nothing) are
kept apart: the first means two products, the second that a person has to look.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from pos_pipeline.catalog.guess import Guess, guess_meaning
from pos_pipeline.catalog.lexicon import WORD, Lexicon
from pos_pipeline.catalog.reading import COUNT, MASS, NUMBER, OUNCES, SERVINGS, VOLUME, Item, Reading

GRAMS_PER_OUNCE, ML_PER_OUNCE = 28.35, 29.57
MEASURES = {MASS, VOLUME, OUNCES}
PIECES = {COUNT, NUMBER, SERVINGS}
TOLERANCE = 0.02
OUNCE_TOLERANCE = 0.06
"""Menus round: 12 oz is sold as 350 and as 360 ml."""
REGULAR, HOT = ("size", "regular"), ("temperature", "hot")
"""What goes without saying where the other side says nothing of the kind; hot, of coffee and tea only."""
MILKS_OF_GRAIN = {"oat", "soy"}


@dataclass
class Evidence:
    """What comparing found."""

    agreeing: list[Item] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)
    """Kind, what the POS product says, what the catalog product says."""
    only_pos: list[Item] = field(default_factory=list)
    only_catalog: list[Item] = field(default_factory=list)
    silent: list[Item] = field(default_factory=list)
    """Said by one side only and going without saying: a regular size, "café" beside "latte"."""
    similarity: float = 0.0
    """Of the letters, whatever the order of the words, 0 to 1."""
    is_literal: bool = False
    """Whether both are the same words."""

    @property
    def is_complete(self) -> bool:
        """Whether every word of both names is accounted for, beyond doubt but for guesses."""
        return not (self.conflicts or self.only_pos or self.only_catalog) and bool(self.agreeing or self.guesses)


def compare(pos: Reading, catalog: Reading, lexicon: Lexicon, vocabulary: Mapping[str, str]) -> Evidence:
    """Evidence for a POS product being a catalog product.

    `vocabulary` holds the catalog's own stems and their meanings: a word that stands there is no misspelling.
    """
    found = Evidence(
        similarity=fuzz.token_sort_ratio(pos.text, catalog.text) / 100, is_literal=pos.literal == catalog.literal
    )
    ours, theirs = _agree(list(pos.items), list(catalog.items), found)
    if (ours or theirs) and pos.unspaced == catalog.unspaced:
        found.guesses.append(Guess("joined", pos.text, catalog.text))
        return found
    if ours or theirs:
        ours, theirs = _agree_on_amounts(ours, theirs, found)
        ours, theirs = _agree_on_milk(ours, theirs, found)
    if ours and theirs:
        ours, theirs = _guess(ours, theirs, found, lexicon, vocabulary)
        ours, theirs = _contradict(ours, theirs, found)
    if ours or theirs:
        meanings = {item.meaning.value for item in found.agreeing}
        found.only_pos = _said(ours, theirs, meanings, found, lexicon)
        found.only_catalog = _said(theirs, ours, meanings, found, lexicon)
    return found


def _agree(ours: list[Item], theirs: list[Item], found: Evidence) -> tuple[list[Item], list[Item]]:
    """What both say. A word said twice by one side alone adds nothing."""
    said, heard = {item.meaning for item in ours}, {item.meaning for item in theirs}
    common = said & heard
    found.agreeing += [item for item in ours if item.meaning in common]
    return (
        [item for item in ours if item.meaning not in common],
        [item for item in theirs if item.meaning not in common],
    )


def _agree_on_amounts(ours: list[Item], theirs: list[Item], found: Evidence) -> tuple[list[Item], list[Item]]:
    for mine in [item for item in ours if item.meaning.kind in MEASURES | PIECES]:
        for other in theirs:
            if _is_same_amount(mine, other):
                found.agreeing.append(mine)
                ours, theirs = _without(ours, mine), _without(theirs, other)
                break
    return ours, theirs


def _agree_on_milk(ours: list[Item], theirs: list[Item], found: Evidence) -> tuple[list[Item], list[Item]]:
    """An oat latte is made with oat milk. An almond latte may be one with almond syrup: that stays open."""
    for mine in list(ours):
        for other in theirs:
            kinds = {mine.meaning.kind, other.meaning.kind}
            if kinds == {"milk", "flavour"} and mine.meaning.value == other.meaning.value in MILKS_OF_GRAIN:
                found.agreeing.append(mine)
                ours, theirs = _without(ours, mine), _without(theirs, other)
                break
    return ours, theirs


def _is_same_amount(one: Item, other: Item) -> bool:
    kinds = {one.meaning.kind, other.meaning.kind}
    if kinds <= MEASURES:
        first, second = _ounces(one, kinds), _ounces(other, kinds)
        tolerance = OUNCE_TOLERANCE if OUNCES in kinds else TOLERANCE
        return kinds != {MASS, VOLUME} and abs(first - second) <= tolerance * max(first, second)
    return kinds <= PIECES and NUMBER in kinds and float(one.meaning.value) == float(other.meaning.value)


def _ounces(item: Item, kinds: set[str]) -> float:
    amount = float(item.meaning.value)
    if item.meaning.kind == OUNCES and kinds != {OUNCES}:
        return amount * (GRAMS_PER_OUNCE if MASS in kinds else ML_PER_OUNCE)
    return amount


def _guess(
    ours: list[Item], theirs: list[Item], found: Evidence, lexicon: Lexicon, vocabulary: Mapping[str, str]
) -> tuple[list[Item], list[Item]]:
    """Pair words the lists do not know with what they may be short for, or misspellings of."""
    for mine in list(ours):
        for other in theirs:
            guess = guess_meaning(mine, other, lexicon, vocabulary)
            if guess:
                found.guesses.append(guess)
                ours, theirs = _without(ours, mine), _without(theirs, other)
                break
    return ours, theirs


def _contradict(ours: list[Item], theirs: list[Item], found: Evidence) -> tuple[list[Item], list[Item]]:
    """Pair what is of one kind and different. Two unlike words are two silences, unless they are attributes."""
    for mine in [item for item in ours if item.meaning.kind != WORD]:
        for other in theirs:
            if _family(other) == _family(mine):
                found.conflicts.append((_family(mine), mine.surface, other.surface))
                ours, theirs = _without(ours, mine), _without(theirs, other)
                break
    return ours, theirs


def _family(item: Item) -> str:
    kind = item.meaning.kind
    return "quantity" if kind in MEASURES else "count" if kind in PIECES else kind


def _said(items: list[Item], others: list[Item], meanings: set[str], found: Evidence, lexicon: Lexicon) -> list[Item]:
    kinds = {item.meaning.kind for item in others}
    said: list[Item] = []
    for item in items:
        meaning = item.meaning
        is_default = meaning.kind not in kinds and (
            meaning == REGULAR or (meaning == HOT and any(meanings & drinks for drinks in _drinks(lexicon)))
        )
        implied = meaning.kind == WORD and lexicon.implied.get(meaning.value, frozenset()) & meanings
        (found.silent if is_default or implied else said).append(item)
    return said


def _drinks(lexicon: Lexicon) -> list[frozenset[str]]:
    return [lexicon.implied[drink] | {drink} for drink in ("coffee", "tea")]


def _without(items: list[Item], one: Item) -> list[Item]:
    return [item for item in items if item is not one]
