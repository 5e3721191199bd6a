"""Where a restaurant's payments are found: by GUID, and by the business date of payment, refund and void."""

from collections.abc import Iterator

from pos_pipeline.sandbox.shop.records import CANCELED, Sale
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.orders import View, times_of
from pos_pipeline.sandbox.toast.render.payments import tenders_of
from pos_pipeline.sandbox.toast.render.returned import givebacks

PAID, REFUNDED, VOIDED = "paidBusinessDate", "refundBusinessDate", "voidBusinessDate"
DATES = (PAID, REFUNDED, VOIDED)


class PaymentIndex:
    """The payments of one restaurant."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sales: dict[str, Sale] = {}
        self._dates: dict[str, tuple[tuple[str, int], ...]] = {}
        self._guids: dict[tuple[str, int], set[str]] = {}

    def put(self, view: View) -> None:
        """Take over a sale's payments as they are now."""
        for guid, dates in self._of(view):
            for date in self._dates.get(guid, ()):
                self._guids[date].discard(guid)
            for date in dates:
                self._guids.setdefault(date, set()).add(guid)
            self._sales[guid] = view.sale
            self._dates[guid] = dates

    def sale_of(self, guid: str) -> Sale | None:
        """The sale a payment belongs to, if there is such a payment."""
        return self._sales.get(guid)

    def on(self, field: str, date: int) -> list[str]:
        """GUIDs of the payments paid, refunded or voided on a business date."""
        return sorted(self._guids.get((field, date), ()))

    def _of(self, view: View) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
        context = self._context
        back = {giveback.tender_index: giveback.at for giveback in givebacks(view.sale, view.handed_in)}
        voided_at = times_of(context, view).voided_at
        for index, tender in tenders_of(view.sale):
            dates = [(PAID, context.business_date(tender.at))]
            if index in back:
                dates.append((REFUNDED, context.business_date(back[index])))
            if voided_at is not None and tender.state == CANCELED:
                dates.append((VOIDED, context.business_date(voided_at)))
            yield context.payment_guid(tender.number), tuple(dates)
