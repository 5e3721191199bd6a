"""Which catalog products are worth a comparison: those whose words are near, found by character trigrams.

    POS name ─▶ its meanings ─▶ equal meanings of the catalog ────────────┐
                    └─ unknown words ─trigrams─▶ near words of the catalog ┴─▶ products, rarest words first

Trigrams of words, not of whole names: a catalog has far fewer words than names, and a rare word says
more than a common one. Every product of the catalog is within reach; none is excluded beforehand.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from heapq import nlargest
from math import log, sqrt

from pos_pipeline.catalog.reading import Item, Reading

NEAR_WORDS = 8
"""Words of the catalog that an unknown word may stand for."""
LEAST_SHARED = 0.25
"""Part of the trigrams two near words share."""
PART_OF_ATTRIBUTE = 0.6
"""Weight of attributes against words: the thing comes first, its size second."""


class CandidateIndex:
    """A catalog, found by what its names say."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.vocabulary: dict[str, str] = {}
        """Single stems of the catalog and their meanings."""
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._words: dict[str, set[str]] = defaultdict(set)
        self._norms: list[float] = []
        for number, reading in enumerate(readings):
            for key in {_key(item) for item in reading.items}:
                self._postings[key].append(number)
            for item in reading.items:
                if " " not in item.surface:
                    self.vocabulary.setdefault(item.surface, item.meaning.value)
                for word in item.surface.split():
                    self._words[word].add(_key(item))
            self._postings[_joined(reading)].append(number)
        self._rarity = {key: log(1 + len(readings) / len(held)) for key, held in self._postings.items()}
        self._grams: dict[str, list[str]] = defaultdict(list)
        self._gram_counts: dict[str, int] = {}
        for word in self._words:
            grams = _trigrams(word)
            self._gram_counts[word] = len(grams)
            for gram in grams:
                self._grams[gram].append(word)
        self._near: dict[str, list[tuple[str, float]]] = {}
        self._norms = [
            sqrt(sum(self._weight(key) ** 2 for key in {_key(item) for item in reading.items})) or 1.0
            for reading in readings
        ]

    def find(self, reading: Reading, limit: int) -> list[int]:
        """Positions of at most `limit` catalog products, nearest first."""
        scores: dict[int, float] = defaultdict(float)
        for key, nearness in self._keys(reading).items():
            weight = nearness * self._weight(key) ** 2
            for number in self._postings[key]:
                scores[number] += weight
        norms = self._norms
        return [-number for _, number in nlargest(limit, [(score / norms[n], -n) for n, score in scores.items()])]

    def _keys(self, reading: Reading) -> dict[str, float]:
        found: dict[str, float] = {}
        words: list[str] = []
        if _joined(reading) in self._postings:
            found[_joined(reading)] = 1.0
        for item in reading.items:
            key = _key(item)
            if key in self._postings:
                found[key] = 1.0
            if not item.is_known or key not in self._postings:
                words += item.surface.split()
        for word in words:
            for key, nearness in self._near_keys(word):
                found[key] = max(nearness, found.get(key, 0.0))
        return found

    def _near_keys(self, word: str) -> list[tuple[str, float]]:
        if word not in self._near:
            grams = _trigrams(word)
            shared: Counter[str] = Counter()
            for gram in grams:
                shared.update(self._grams.get(gram, ()))
            # Measured by the shorter word: what is cut short has few trigrams, all of them in the whole word.
            nearness = {
                other: 2 * count / (len(grams) + self._gram_counts[other])
                if count < min(len(grams), self._gram_counts[other]) - 1
                else count / (min(len(grams), self._gram_counts[other]) + 1)
                for other, count in shared.most_common(NEAR_WORDS * 4)
            }
            near = nlargest(NEAR_WORDS, nearness.items(), key=lambda pair: (pair[1], pair[0]))
            self._near[word] = [
                (key, score) for other, score in near if score >= LEAST_SHARED for key in self._words[other]
            ]
        return self._near[word]

    def _weight(self, key: str) -> float:
        part = 1.0 if key[0] == "=" or key.startswith("word:") else PART_OF_ATTRIBUTE
        return part * self._rarity[key]


def _key(item: Item) -> str:
    # A flavour may be the thing itself ("Manzana"), so it weighs as a word.
    kind = "word" if item.meaning.kind in ("word", "flavour") else item.meaning.kind
    return f"{kind}:{item.meaning.value}"


def _joined(reading: Reading) -> str:
    """The name without its blanks, as a key: what one writes as two words, the other may write as one."""
    return "=" + "".join(item.surface for item in reading.items).replace(" ", "")


def _trigrams(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[start : start + 3] for start in range(len(framed) - 2)}
