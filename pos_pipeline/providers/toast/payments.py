"""Payments given back or voided, by the business date of that.

Toast does not say that a refund moves its order's modification time, so these lists are read beside the
orders: per date the GUIDs of the payments, then each payment by itself.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pos_pipeline.errors import NotFound
from pos_pipeline.http import decode
from pos_pipeline.provider import Api, Page, Record, Reject
from pos_pipeline.providers.toast.pages import PaymentKeys, cut, single

PATH = "/orders/v2/payments"
DATES = ("refundBusinessDate", "voidBusinessDate")
AHEAD_OF_UTC = timedelta(hours=14)
"""No restaurant's clock is further on."""
DAY = timedelta(days=1)


def read_payments(api: Api, restaurant: str, first: date, last: date) -> Iterator[Page]:
    """A page per business date from `first` to `last` on which anything was given back or voided."""
    for number in range((last - first).days + 1):
        guids = sorted(_guids_on(api, first + number * DAY))
        if guids:
            yield _page(api, restaurant, guids)


def dates_of(start: datetime, end: datetime) -> tuple[date, date]:
    """The first and the last business date that may be going on anywhere within a span, UTC."""
    return (start - DAY).date(), (end + AHEAD_OF_UTC).date()


def _guids_on(api: Api, day: date) -> set[str]:
    return {
        guid
        for field in DATES
        for guid in decode(api.get(PATH, {field: f"{day:%Y%m%d}"}), list[str], provider="toast", path=PATH)
    }


def _page(api: Api, restaurant: str, guids: list[str]) -> Page:
    records: list[Record] = []
    rejects: list[Reject] = []
    for guid in guids:
        try:
            body = api.get(f"{PATH}/{guid}")
        except NotFound:
            rejects.append(Reject("it is listed and not found", f'"{guid}"'.encode(), guid))
            continue
        one = cut(single(body), PaymentKeys, "payments", restaurant)
        records.extend(one.records)
        rejects.extend(one.rejects)
    return Page(records, rejects)
