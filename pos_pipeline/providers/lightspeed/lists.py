"""Lists by version: everything that changed after a number, in the order of change.

    ?after=41230000101 ──▶ rows, version.max ──▶ ?after=<highest> ──▶ … ──▶ an empty page, the only end

A changed object moves to the end of the list, so reading to the end is right while others write.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.providers.lightspeed.pages import Cut, cut

Get = Callable[[str, Mapping[str, str | int]], bytes]
OVERLAP = 500
"""Versions read again once something newer is there: whether a lower one can appear late is not documented."""
SALES_PER_PAGE = 500
ROWS_PER_PAGE = 1000


@dataclass(frozen=True)
class VersionList:
    """One list of API 2.0."""

    stream: str
    rows_per_page: int = ROWS_PER_PAGE
    takes_deleted: bool = False
    """Whether it has the parameter `deleted`, without which it hides what was deleted."""

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/api/2.0/{self.stream}"

    def page(self, get: Get, after: int, rows: int | None = None) -> Cut:
        """The first `rows` (a full page by default) after a version; without any at the end of the list.

        Raises:
            UnexpectedPayload: it is not a page, or one that does not lead on.
        """
        query: dict[str, str | int] = {"after": after, "page_size": rows or self.rows_per_page}
        piece = cut(get(self.path, query | ({"deleted": "true"} if self.takes_deleted else {})), self.stream)
        if piece.received and (piece.reached is None or piece.reached <= after):
            raise UnexpectedPayload(
                f"lightspeed: {piece.received} {self.stream} after version {after} reach version {piece.reached}, "
                "which is not beyond it; reading on would never end."
            )
        return piece

    def after(self, get: Get, after: int) -> Iterator[Cut]:
        """Every page after a version. Short ones are followed by others; only an empty one is the end."""
        while (piece := self.page(get, after)).received:
            yield piece
            after = piece.reached or after

    def since(self, get: Get, since: int) -> Iterator[Cut]:
        """What a live reading brings that begins `OVERLAP` behind its position.

        One row beyond the position is asked for first: while nothing is there, that is the whole reading. With
        the overlap in it, the list would never be empty and would cost a second request to see its end.
        """
        if since and not self.page(get, since + OVERLAP, rows=1).received:
            return
        yield from self.after(get, since)
