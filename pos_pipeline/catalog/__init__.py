"""Products of a POS and products of the tenant's own catalog: which is which.

`Matcher` says what a name means, and how sure that is; README.md explains how.
"""

from pos_pipeline.catalog.decide import Decision, Suggestion
from pos_pipeline.catalog.match import Matcher

__all__ = ["Decision", "Matcher", "Suggestion"]
