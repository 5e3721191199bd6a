"""What happens at a till, in no provider's words.

A `Sale` is the root of everything that hangs on one ticket: lines, tenders, refunds, a return in
exchange. The clouds render it as their own objects; the ledger counts it. Sales are mutable
because life goes on after the bell rings: a fee lands, a tip is corrected, a refund is made.
Every change moves `changed_at` and `revision` of exactly the parts it touches.

Amounts are minor units of the merchant's currency, quantities are thousandths, times are
`Instant`s of the till's clock unless said otherwise.
"""

from msgspec import Struct

from pos_pipeline.sandbox.shop.clock import Instant

# kinds of sale
TICKET = "ticket"
AMOUNT_ONLY = "amount_only"
"""The cashier typed an amount instead of products."""
BARE_PAYMENT = "bare_payment"
"""A payment taken outside the till: there is no ticket behind it."""
DRAWER = "drawer"
"""The cash drawer was opened without a sale."""

# states of sale
OPEN = "open"
CLOSED = "closed"
VOIDED = "voided"

# states of a tender; a refund is pending, completed or rejected
PLANNED = "planned"
"""How a tab will be paid; nobody outside the shop knows yet."""
APPROVED = "approved"
PENDING = "pending"
COMPLETED = "completed"
CANCELED = "canceled"
FAILED = "failed"
REJECTED = "rejected"

# kinds of tender
CASH = "cash"
CHIP = "chip"
CONTACTLESS = "contactless"
PHONE = "phone"
WALLET = "wallet"
GIFT_CARD = "gift_card"
VOUCHER = "voucher"
CARD_KINDS = frozenset({CHIP, CONTACTLESS, PHONE, GIFT_CARD})


class Modifier(Struct, frozen=True, gc=False):
    """A choice that changes a product, such as oat milk."""

    key: str
    name: str
    price_minor: int


class Discount(Struct, frozen=True, gc=False):
    """A named discount of the merchant; exactly one of the two amounts is set."""

    key: str
    name: str
    percent: int | None = None
    amount_minor: int | None = None


class Variation(Struct, frozen=True, gc=False):
    """What is actually sold: a size or form of a product."""

    key: str
    name: str
    sku: str | None
    base_minor: int


class Product(Struct, frozen=True, gc=False):
    """One entry of a merchant's catalog and when it is on sale."""

    key: str
    name: str
    category: str
    tax_percent: int
    by_weight: bool
    popularity: int
    variations: tuple[Variation, ...]
    modifiers: tuple[Modifier, ...]
    created_at: Instant
    deleted_at: Instant | None = None


class Cashier(Struct, frozen=True, gc=False):
    """Somebody behind the counter. Those who left still own their sales."""

    key: str
    given_name: str
    family_name: str
    location_key: str
    is_active: bool
    since: Instant


class Customer(Struct, frozen=True, gc=False):
    """A known customer; invented names only."""

    key: str
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    created_at: Instant
    changed_at: Instant


class Card(Struct, frozen=True, gc=False):
    """A payment card as a till sees it."""

    key: str
    brand: str
    last_four: str
    bin: str
    is_debit: bool
    expires_month: int
    expires_year: int


class Line(Struct, frozen=True, gc=False):
    """One line of a ticket. `total_minor` contains the tax and is after both discounts."""

    product: Product | None
    variation: Variation | None
    quantity_milli: int
    unit_minor: int
    modifiers: tuple[Modifier, ...]
    gross_minor: int
    discount: Discount | None
    own_discount_minor: int
    order_discount_minor: int
    tax_percent: int
    tax_minor: int
    total_minor: int
    note: str | None = None

    @property
    def discount_minor(self) -> int:
        """Both discounts of the line: its own and its share of the ticket's."""
        return self.own_discount_minor + self.order_discount_minor


class Tender(Struct, gc=False):
    """One payment of a sale. `amount_minor` is without the tip."""

    number: int
    kind: str
    amount_minor: int
    at: Instant
    changed_at: Instant
    tip_minor: int = 0
    state: str = COMPLETED
    card: Card | None = None
    given_minor: int = 0
    """Cash handed over by the customer."""
    fee_minor: int = 0
    fee_at: Instant = 0
    fee_adjustment_minor: int = 0
    fee_adjusted_at: Instant = 0
    settled_at: Instant = 0
    """When an approved payment was captured or canceled."""
    revision: int = 1


class ReturnedLine(Struct, frozen=True, gc=False):
    """A part of a sold line that came back; amounts are positive."""

    line_index: int
    quantity_milli: int
    discount_minor: int
    tax_minor: int
    total_minor: int


class Refund(Struct, gc=False):
    """Money given back on a tender. Without `lines` only an amount was typed in."""

    number: int
    at: Instant
    changed_at: Instant
    tender_index: int
    amount_minor: int
    reason: str
    cashier: Cashier | None
    lines: tuple[ReturnedLine, ...] = ()
    tip_minor: int = 0
    state: str = PENDING
    exchange_number: int | None = None
    """The sale this refund is the change of; its goods are counted there."""
    revision: int = 1


class Return(Struct, frozen=True, gc=False):
    """Goods of an earlier sale handed in against this one."""

    source: "Sale"
    lines: tuple[ReturnedLine, ...]

    @property
    def total_minor(self) -> int:
        """Value of the goods handed in."""
        return sum(line.total_minor for line in self.lines)


class Sale(Struct, gc=False):
    """One ticket and everything that happened to it."""

    number: int
    """Unique within the merchant."""
    kind: str
    merchant_key: str
    location_key: str
    opened_at: Instant
    paid_at: Instant
    """When the customer paid, by the till's clock; for an offline sale the only true time."""
    arrived_at: Instant
    """When the provider's servers first heard of it: hours later if the till was offline."""
    changed_at: Instant
    state: str = OPEN
    closed_at: Instant | None = None
    lines: tuple[Line, ...] = ()
    discount: Discount | None = None
    service_minor: int = 0
    tenders: list[Tender] = []
    refunds: list[Refund] = []
    returned: Return | None = None
    cashier: Cashier | None = None
    device: int = 1
    customer: Customer | None = None
    is_offline: bool = False
    is_pickup: bool = False
    is_rung: bool = False
    """Made on request, not by the day's pattern."""
    is_exchanged: bool = False
    """Some of its goods were handed in against a later sale."""
    revision: int = 1

    @property
    def goods_minor(self) -> int:
        """What the lines cost, tax included, after discounts; for a bare payment its amount."""
        if self.kind == BARE_PAYMENT:
            return sum(tender.amount_minor for tender in self.tenders)
        return sum(line.total_minor for line in self.lines)

    @property
    def tip_minor(self) -> int:
        """Tips of the tenders that count."""
        return sum(tender.tip_minor for tender in self.tenders if tender.state == COMPLETED)

    @property
    def total_minor(self) -> int:
        """Everything the ticket costs: goods, service and tips."""
        return self.goods_minor + self.service_minor + self.tip_minor

    @property
    def visible_tenders(self) -> list[tuple[int, Tender]]:
        """Tenders the provider knows of, with their positions."""
        return [(index, tender) for index, tender in enumerate(self.tenders) if tender.state != PLANNED]

    @property
    def is_paid(self) -> bool:
        """Whether completed tenders, with what was handed in, cover the goods and the service."""
        paid = sum(tender.amount_minor for tender in self.tenders if tender.state == COMPLETED)
        credit = self.returned.total_minor if self.returned else 0
        return paid + credit >= self.goods_minor + self.service_minor
