"""Names without what does not tell products apart: case, accents, punctuation, plurals.

    "CROISSANTS d'Amande (250 GRS.)"  ──▶  croissants amande 250 grs  ──▶  croissant, amand, 250, grs

The same is done to both sides and to the word lists, so a stem needs to be no word, only the same for
singular and plural, and different for different things.
"""

import re
import unicodedata
from functools import lru_cache

_ELISION = re.compile(r"\b(?:[dlcjnst]|qu)['`](?=\w)")
_POSSESSIVE = re.compile(r"(?<=\w)['`]s\b")
_SHORTHANDS = (
    (re.compile(r"\bc/\s*"), "con "),
    (re.compile(r"\bs/\s*"), "sin "),
    (re.compile(r"\bp/\s*"), "para "),
    (re.compile(r"\bw/o\b\s*"), "without "),
    (re.compile(r"\bw/\s*"), "with "),
)
_SIGNS = {
    "½": " 1/2 ",
    "¼": " 1/4 ",
    "¾": " 3/4 ",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{ACUTE ACCENT}": "'",
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
}
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_NOISE = re.compile(r"[^\w%/.]|_|(?<!\d)[./]|[./](?!\d)|(?<![\d])%")
_DIGIT = re.compile(r"\d")
_E_AFTER = "lnrdj"
_SHORTEST = 4
_IRREGULAR = {"panes": "pan", "pies": "pie", "nueces": "nuez", "arroces": "arroz", "peces": "pez", "loaves": "loaf"}


def normalise(name: str) -> str:
    """Lower case without accents and punctuation, digits apart from letters; "1/2", "0.5" and "2%" are kept."""
    text = name.casefold()
    if not text.isascii():
        for sign, letters in _SIGNS.items():
            text = text.replace(sign, letters)
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    if "'" in text or "`" in text:
        text = _POSSESSIVE.sub("", _ELISION.sub("", text))
    if "/" in text:
        for shorthand, word in _SHORTHANDS:
            text = shorthand.sub(word, text)
    if _DIGIT.search(text):
        text = _LETTER_DIGIT.sub(" ", _DECIMAL.sub(".", text))
    return " ".join(_NOISE.sub(" ", text).split())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A normalised word without the plural of Spanish, French and English.

    Genders are left alone: "coca" and "coco", "mango" and "manga" are different things.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < _SHORTEST:
        return word
    if word.endswith(("eaux", "oux", "eux")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
        if word.endswith(("sse", "she", "che", "xe", "oe")):
            word = word[:-1]
    elif word.endswith(("sse", "she", "che", "xe", "oe")):
        word = word[:-1]
    if word.endswith("ie") and len(word) > _SHORTEST:
        return word[:-2] + "y"
    if word.endswith("e") and len(word) > _SHORTEST and word[-2] in _E_AFTER:
        return word[:-1]
    return word
