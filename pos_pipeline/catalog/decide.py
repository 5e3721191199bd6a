"""Auto, review or none: what is done about a POS product and its nearest catalog products.

`auto` needs all of: nothing contradicts; every word of both names is accounted for; no guess that could mean
something else; a calibrated probability of at least the threshold; a margin to the second best. What
lacks one of them is `review` while it is worth a look, else `none`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pos_pipeline.catalog.compare import Evidence
from pos_pipeline.catalog.guess import Guess
from pos_pipeline.catalog.reading import Reading

Action = Literal["auto", "review", "none"]
MARGIN = 0.10
WORTH_A_LOOK = 0.02
"""Probability from which a suggestion is worth a person's time, whatever the words say."""
LIKE_ENOUGH = 0.8
"""Similarity of letters that is worth a look even where no word is understood."""
GUESS_WORDS = {
    "prefix": "is short for",
    "skeleton": "is short for",
    "typo": "is a misspelling of",
    "ending": "is another form of",
    "joined": "is written together for",
}


@dataclass(frozen=True)
class Suggestion:
    """A catalog product that a POS product may be."""

    position: int
    """In the catalog as given."""
    probability: float
    """Calibrated, 0 to 1."""
    evidence: Evidence
    pos: Reading
    catalog: Reading

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """For people, the weightiest first."""
        return explain(self.evidence, self.pos, self.catalog)

    @property
    def is_open_and_shut(self) -> bool:
        """Whether nothing but the probability and the neighbours could speak against it."""
        guesses = self.evidence.guesses
        return (
            self.evidence.is_complete
            and not any(guess.is_ambiguous for guess in guesses)
            and sum(guess.kind == "typo" for guess in guesses) <= 1
        )

    @property
    def is_worth_a_look(self) -> bool:
        """Whether a person should see it: probable enough, or one name is part of the other's meaning."""
        found = self.evidence
        says_the_same = bool(found.agreeing or found.guesses) and not found.conflicts
        return self.probability >= WORTH_A_LOOK or says_the_same or found.similarity >= LIKE_ENOUGH


@dataclass(frozen=True)
class Decision:
    """What to do about one POS product."""

    action: Action
    suggestions: tuple[Suggestion, ...]
    """Best first; for `auto` the first is the match."""
    reasons: tuple[str, ...]
    """Why this action."""

    @property
    def best(self) -> Suggestion | None:
        """The nearest catalog product."""
        return self.suggestions[0] if self.suggestions else None


def decide(suggestions: Sequence[Suggestion], threshold: float) -> Decision:
    """The decision about suggestions, best first. `threshold` is the least probability of a match by itself."""
    if not suggestions or not suggestions[0].is_worth_a_look:
        return Decision("none", tuple(suggestions), ("nothing in the catalog is like it",))
    best, *others = suggestions
    doubts = []
    if not best.is_open_and_shut:
        doubts.append("the names do not say the same")
    if best.probability < threshold:
        doubts.append(f"probability {best.probability:.2f} is below {threshold:.2f}")
    rival = next((other for other in others if _rivals(best, other)), None)
    if rival is not None and best.is_open_and_shut:
        doubts.append("another catalog product is as near")
    return Decision("review" if doubts else "auto", tuple(suggestions), (*doubts, *best.reasons))


def _rivals(best: Suggestion, other: Suggestion) -> bool:
    """Whether `other` could be meant instead. Of two that say the same, the one with the same words wins."""
    if best.evidence.is_literal and not other.evidence.is_literal:
        return False
    return best.probability - other.probability < MARGIN


def explain(evidence: Evidence, pos: Reading, catalog: Reading) -> tuple[str, ...]:
    """The evidence in words, what speaks against a match first."""
    reasons = [f"{kind} differs: {mine!r} and {other!r}" for kind, mine, other in evidence.conflicts]
    reasons += [f"only the POS says {item.surface!r}" for item in evidence.only_pos]
    reasons += [f"only the catalog says {item.surface!r}" for item in evidence.only_catalog]
    reasons += [_guess_in_words(guess) for guess in evidence.guesses]
    reasons += [f"{item.surface!r} goes without saying" for item in evidence.silent]
    if not reasons:
        reasons.append("same words" if evidence.is_literal or pos.text == catalog.text else "same meaning")
    return tuple(reasons)


def _guess_in_words(guess: Guess) -> str:
    doubt = ", or for something else" if guess.is_ambiguous else ""
    return f"{guess.written!r} {GUESS_WORDS[guess.kind]} {guess.meant!r}{doubt}"
