"""Who has added our integration in Toast Web, and with which code.

Toast knows nothing of tenants: with partner credentials every connected restaurant can be read, and the
code that was entered as Location ID or Group ID is what says whose it is.
"""

from collections.abc import Iterator

import msgspec

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.http import decode
from pos_pipeline.provider import MERCHANT_NAME, Api, Claim, Grant
from pos_pipeline.providers.toast.errors import GUID
from pos_pipeline.providers.toast.login import RESTAURANT

PATH = "/partners/v1/connectedRestaurants"
ROWS_PER_PAGE = 200


class _Restaurant(msgspec.Struct, rename="camel"):
    restaurant_guid: str
    restaurant_name: str | None = None
    external_group_ref: str | None = None
    external_restaurant_ref: str | None = None
    deleted: bool | None = None

    def codes(self) -> list[str]:
        """What was typed in. A restaurant without is listed all the same: that it is there matters, too."""
        typed = (self.external_restaurant_ref, self.external_group_ref)
        return list(dict.fromkeys(code for code in typed if code)) or [""]


class _Page(msgspec.Struct, rename="camel"):
    results: list[msgspec.Raw]
    next_page_token: str | None = None


def read_claims(api: Api) -> list[Claim]:
    """A claim for every code of every connected restaurant.

    Raises:
        UnexpectedPayload: the list is not what Toast documents, or does not end.
    """
    return [
        Claim(code, _grant(row))
        for row in _connected(api)
        if not row.deleted and GUID.fullmatch(row.restaurant_guid)
        for code in row.codes()
    ]


def _grant(row: _Restaurant) -> Grant:
    guid = row.restaurant_guid.lower()
    name = {MERCHANT_NAME: row.restaurant_name} if row.restaurant_name else {}
    return Grant(merchant_id=guid, access_token="", attributes={RESTAURANT: guid, **name})


def _connected(api: Api) -> Iterator[_Restaurant]:
    seen: set[str | None] = {None}
    token: str | None = None
    while True:
        query: dict[str, str | int] = {"pageSize": ROWS_PER_PAGE} | ({"pageToken": token} if token else {})
        page = decode(api.get(PATH, query), _Page, provider="toast", path=PATH)
        for raw in page.results:
            try:
                yield msgspec.json.decode(raw, type=_Restaurant)
            except msgspec.DecodeError:
                continue  # one odd row must not keep everybody else from being linked
        token = page.next_page_token or None
        if token is None:
            return
        if token in seen:
            raise UnexpectedPayload(f"toast: {PATH} gives the same page token again and again.")
        seen.add(token)
