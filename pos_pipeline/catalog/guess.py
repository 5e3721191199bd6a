"""Words no list knows: cut short ("napol."), without vowels ("chkn"), misspelt, in another gender.

A guess is made only towards a word of the other name, and says whether another word of the lists or of the
catalog would do as well. A word the lists or the catalog know is never taken for another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from pos_pipeline.catalog.lexicon import WORD, Lexicon
from pos_pipeline.catalog.reading import Item

TYPO_LETTERS, TWO_TYPOS_LETTERS = 5, 9
"""Letters a word has at least for one, for two misspelt ones to be forgiven."""
SHORTEST_PREFIX, SHORTEST_SKELETON = 3, 3


@dataclass(frozen=True)
class Guess:
    """A word taken for another: cut short, or misspelt."""

    kind: str
    """prefix, skeleton, typo, ending or joined."""
    written: str
    meant: str
    is_ambiguous: bool = False
    """Whether it could as well be short for something else."""


def guess_meaning(mine: Item, other: Item, lexicon: Lexicon, vocabulary: Mapping[str, str]) -> Guess | None:
    """What the one is to the other, if one of them is a word nobody knows; None if they are just two words."""
    if not mine.is_known and mine.surface not in vocabulary and mine.meaning.kind == WORD:
        short, full = mine, other
    elif not other.is_known and other.meaning.kind == WORD:
        short, full = other, mine
    else:
        return None
    return _relation(short.surface, full, lexicon, vocabulary)


def _relation(written: str, full: Item, lexicon: Lexicon, vocabulary: Mapping[str, str]) -> Guess | None:
    meant, value = full.surface, full.meaning.value
    if " " in meant or meant[:1] != written[:1] or not (written + meant).isalpha():
        return None
    guess = None
    if meant.startswith(written) and len(written) >= SHORTEST_PREFIX:
        others = lexicon.meanings_of_prefix(written) | {
            other for word, other in vocabulary.items() if word.startswith(written)
        }
        guess = Guess("prefix", written, meant, bool(others - {value}))
    elif _is_ending(written, meant):
        guess = Guess("ending", written, meant)
    elif (distance := OSA.distance(written, meant)) <= _typos_allowed(written, meant):
        guess = Guess("typo", written, meant, _is_like_another(written, full, lexicon, vocabulary, distance))
    elif _is_skeleton(written, meant):
        others = {other for word, other in vocabulary.items() if _is_skeleton(written, word)}
        guess = Guess("skeleton", written, meant, bool(others - {value}))
    return guess


def _typos_allowed(written: str, meant: str) -> int:
    return (min(len(written), len(meant)) >= TYPO_LETTERS) + (len(written) >= TWO_TYPOS_LETTERS)


def _is_like_another(written: str, full: Item, lexicon: Lexicon, vocabulary: Mapping[str, str], distance: int) -> bool:
    """Whether a word of another meaning is as near as the one that is taken to be meant."""
    return any(
        words[word] != full.meaning.value
        for words in (lexicon.known, vocabulary)
        for word, _, _ in process.extract_iter(written, list(words), scorer=OSA.distance, score_cutoff=distance)
    )


def _is_ending(one: str, other: str) -> bool:
    """Whether they differ in gender only: "relleno" and "rellena"."""
    return len(one) == len(other) >= TYPO_LETTERS and one[:-1] == other[:-1] and {one[-1], other[-1]} <= set("aoe")


def _is_skeleton(short: str, full: str) -> bool:
    """Whether the letters of `short` stand in `full` in that order and are mostly its consonants."""
    if (
        short[0] != full[0]
        or not SHORTEST_SKELETON <= len(short) < len(full)
        or sum(letter in "aeiouy" for letter in short) > 1
    ):
        return False
    letters = iter(full)
    return all(letter in letters for letter in short) and 2 * len(short) >= sum(one not in "aeiou" for one in full)
