"""What words mean on a menu: sizes, diets, flavours and their spellings, from the lists in `words/`.

The lists are general knowledge, one file per language. A spelling that two languages use for different
things ("jam", "bag", "the") means what it means in the language most of the catalog is written in.
"""

import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from pos_pipeline.catalog.normalise import normalise, stem

LANGUAGES = ("es", "en", "fr")
WORD = "word"
"""Kind of what is no attribute: the thing itself."""
ATTRIBUTES = ("size", "count", "number", "diet", "temperature", "milk", "form", "shots", "flavour")
_FULL_WORD_LETTERS = 5
_SHORT_FORM_LETTERS = 2
"""Of another language's words, those as short are left out: "sd" and "cr" mean nothing abroad."""


class Meaning(NamedTuple):
    """What a spelling stands for."""

    kind: str
    value: str


@dataclass(frozen=True)
class Lexicon:
    """The lists as one, read with one language's spellings before the others'."""

    language: str
    phrases: Mapping[tuple[str, ...], Meaning]
    """By stems, stop words left out."""
    longest: int
    stop: frozenset[str]
    without: frozenset[str]
    empty: frozenset[str]
    """Words that name a unit of sale and nothing else."""
    implied: Mapping[str, frozenset[str]]
    """A head noun, and the meanings beside which it may be left out."""
    known: Mapping[str, str]
    """Single stems to their meaning's value."""
    _sorted: tuple[str, ...]

    def meanings_of_prefix(self, prefix: str) -> set[str]:
        """Values of the full words that begin so."""
        found = set()
        for word in self._sorted[bisect_left(self._sorted, prefix) :]:
            if not word.startswith(prefix):
                break
            found.add(self.known[word])
        return found


@cache
def load_lexicon(language: str = "es") -> Lexicon:
    """The lists of all languages, `language` first."""
    order = (language, *(other for other in LANGUAGES if other != language))
    lists = [_read(name) for name in (order[0], "common", *order[1:])]
    first, others = lists[0], lists[1:]
    stop = frozenset(stem(normalise(word)) for one in lists for word in one["stop"])
    stop -= _single_stems(first) - frozenset(stem(normalise(word)) for word in first["stop"])
    phrases = dict(_entries(first, stop))
    own_words = _single_stems(first, with_vocabulary=True)
    for one in others:
        for words, meaning in _entries(one, stop):
            is_own = len(words) == 1 and words[0] in own_words
            is_short_form = one is not lists[1] and len(words) == 1 and len(words[0]) <= _SHORT_FORM_LETTERS
            if not is_own and not is_short_form:
                phrases.setdefault(words, meaning)
    phrases.pop((), None)
    known = {words[0]: meaning.value for words, meaning in phrases.items() if len(words) == 1}
    parts = {part for words in phrases for part in words}
    vocabulary = {stem(normalise(word)) for one in lists for word in one.get("vocabulary", {}).get("words", ())}
    for word in sorted(parts | vocabulary):
        known.setdefault(word, word)
    return Lexicon(
        language=language,
        phrases=phrases,
        longest=max(map(len, phrases)),
        stop=stop,
        without=frozenset(stem(word) for one in lists for word in one["without"]),
        empty=frozenset(stem(normalise(word)) for one in lists for word in one["empty"]),
        implied={
            head: frozenset(
                stem(word) if (stem(word),) not in phrases else phrases[stem(word),].value for word in drinks
            )
            for one in lists
            for head, drinks in one.get("implied", {}).items()
        },
        known=known,
        _sorted=tuple(sorted(word for word in known if len(word) >= _FULL_WORD_LETTERS)),
    )


def language_of(names: Iterable[str]) -> str:
    """The language whose words most of the names are made of; Spanish where nothing tells."""
    own = {language: _single_stems(_read(language), with_vocabulary=True) for language in LANGUAGES}
    hits = dict.fromkeys(LANGUAGES, 0)
    for name in names:
        words = {stem(word) for word in normalise(name).split()}
        for language, stems in own.items():
            hits[language] += len(words & stems)
    return max(LANGUAGES, key=lambda language: hits[language])


def _entries(words: Mapping[str, Any], stop: frozenset[str]) -> Iterator[tuple[tuple[str, ...], Meaning]]:
    for kind in (*ATTRIBUTES, "same"):
        for value, spellings in words.get(kind, {}).items():
            for spelling in spellings:
                yield _stems(spelling, stop), Meaning(WORD if kind == "same" else kind, value)


def _stems(spelling: str, stop: frozenset[str]) -> tuple[str, ...]:
    stems = [stem(word) for word in normalise(spelling).split()]
    kept = [word for word in stems if word not in stop]
    return tuple(kept if len(stems) > 1 else stems)


def _single_stems(words: Mapping[str, Any], *, with_vocabulary: bool = False) -> frozenset[str]:
    spellings = [
        spelling for kind in (*ATTRIBUTES, "same") for several in words.get(kind, {}).values() for spelling in several
    ]
    if with_vocabulary:
        spellings += [*words["stop"], *words["vocabulary"]["words"]]
    return frozenset(stem(one) for one in map(normalise, spellings) if one and " " not in one)


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("pos_pipeline.catalog").joinpath("words", f"{name}.toml").read_text(encoding="utf-8"))
