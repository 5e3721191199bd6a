"""Rendered JSON, kept until the object changes, within a budget shared by a whole cloud.

100,000 orders are some 300 MB of JSON: what does not fit is rendered again when it is read.
"""

from collections.abc import Callable


class BodyBudget:
    """How many bytes of rendered JSON may still be kept."""

    def __init__(self, limit: int) -> None:
        self.left = limit


class Bodies:
    """The rendered JSON of objects of one kind, by their ids."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._kept: dict[str, bytes] = {}

    def get(self, identifier: str, render: Callable[[], bytes]) -> bytes:
        """The object's JSON, rendered when it is not at hand."""
        body = self._kept.get(identifier)
        if body is None:
            body = render()
            if self._budget.left >= len(body):
                self._kept[identifier] = body
                self._budget.left -= len(body)
        return body

    def drop(self, identifier: str) -> None:
        """Forget an object's JSON, because it is out of date."""
        body = self._kept.pop(identifier, None)
        if body is not None:
            self._budget.left += len(body)
