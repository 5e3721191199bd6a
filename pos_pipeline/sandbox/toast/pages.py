"""Page tokens of lists that are read page by page; they live until a restart or until all are expired."""

from pos_pipeline.sandbox.toast.names import Names

_MOST = 10_000


class Pages:
    """All page tokens handed out: what list each continues, and from where."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._issued = 0
        self._places: dict[str, tuple[str, int]] = {}

    def issue(self, listing: str, offset: int) -> str:
        """A token for the rows of a list from `offset` on."""
        self._issued += 1
        token = self._names.secret("page", str(self._issued))
        self._places[token] = (listing, offset)
        if len(self._places) > _MOST:
            del self._places[next(iter(self._places))]
        return token

    def resume(self, token: str) -> tuple[str, int] | None:
        """The list and place a token stands for; None when it is unknown or dead."""
        return self._places.get(token)

    def expire_all(self) -> None:
        """Kill every token handed out so far."""
        self._places.clear()
