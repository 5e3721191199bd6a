"""Who trades in the simulated world: what is chosen about a merchant, as data.

Add a merchant by adding a spec; everything else about it follows from its keys and the seed.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

MADRID = "Europe/Madrid"
CANARY = "Atlantic/Canary"


class LocationSpec(Struct, frozen=True):
    """One shop. Hours are local; a closing hour above 24 is the next morning."""

    key: str
    name: str
    city: str
    timezone: str = MADRID
    opens_hour: int = 7
    closes_hour: int = 21
    weight: float = 1.0
    """Sales relative to the world's average location."""
    closed_for_good_after: float | None = None
    """Share of the history after which the shop closed and became inactive; None while it trades."""
    price_percent: int = 100


class MerchantSpec(Struct, frozen=True):
    """One merchant. Shares are between 0 and 1."""

    key: str
    name: str
    locations: tuple[LocationSpec, ...]
    favours: tuple[str, ...] = ()
    """Categories that sell three times as often as elsewhere."""
    currency: str = "EUR"
    country: str = "ES"
    cash_share: float = 0.35
    contactless_share: float = 0.6
    """Of card payments, those by tapping the card."""
    tip_share: float = 0.0
    """Of card payments, those with a tip."""
    service_share: float = 0.0
    """Of sales, those with the terrace supplement."""
    customer_share: float = 0.06
    """Of sales, those by a customer the merchant knows."""
    tills: tuple[str, ...] = ()
    """Providers the merchant has its tills at; at every one when empty, so that the same day is sold at each."""
    owner: str = ""
    """The business behind several merchants; the merchant itself when empty."""


PANADERIA = MerchantSpec(
    key="panaderia",
    name="Panadería Ejemplo",
    locations=(LocationSpec("centro", "Panadería Ejemplo Centro", "Madrid", weight=1.4),),
    favours=("Pan", "Bollería"),
    cash_share=0.5,
)

CAFES = MerchantSpec(
    key="cafes",
    name="Cafés del Puerto",
    locations=(
        LocationSpec("puerto", "Cafés del Puerto", "Valencia", opens_hour=7, closes_hour=22, weight=1.3),
        LocationSpec("noche", "Cafés del Puerto · Noche", "Valencia", opens_hour=16, closes_hour=26),
        LocationSpec("playa", "Cafés del Puerto · Playa", "Las Palmas", timezone=CANARY, opens_hour=8, closes_hour=21),
    ),
    favours=("Café", "Bebidas"),
    cash_share=0.18,
    contactless_share=0.78,
    tip_share=0.3,
    service_share=0.02,
    customer_share=0.1,
)

_CADENA_CITIES = (
    "Madrid", "Barcelona", "Sevilla", "Zaragoza", "Málaga", "Murcia", "Bilbao", "Alicante", "Córdoba", "Valladolid",
)  # fmt: skip

CADENA = MerchantSpec(
    key="cadena",
    name="Cadena Hornos Unidos",
    locations=(
        *(
            LocationSpec(f"tienda-{number:02}", f"Hornos Unidos {city}", city, weight=0.6 + number % 5 * 0.1)
            for number, city in enumerate(_CADENA_CITIES, start=1)
        ),
        LocationSpec(
            "aeropuerto", "Hornos Unidos Aeropuerto", "Madrid", opens_hour=0, closes_hour=24, price_percent=120
        ),
        LocationSpec("gijon", "Hornos Unidos Gijón", "Gijón", weight=0.5, closed_for_good_after=0.6),
    ),
    cash_share=0.3,
    tip_share=0.02,
)

KISSATEN = MerchantSpec(
    key="kissaten",
    name="Kissaten Sakura",
    locations=(LocationSpec("shibuya", "Kissaten Sakura Shibuya", "Tokyo", timezone="Asia/Tokyo"),),
    currency="JPY",
    country="JP",
    favours=("Café", "Pastelería"),
)
"""Not in the default world: a merchant whose currency has no decimals."""

DEFAULT_MERCHANTS = (PANADERIA, CAFES, CADENA)

HIGH_STREET = (
    structs.replace(PANADERIA, tills=("lightspeed",)),
    structs.replace(CAFES, tills=("toast",)),
    structs.replace(CADENA, tills=("square",)),
    MerchantSpec(
        key="kiosko",
        name="Kiosko del Puerto",
        locations=(LocationSpec("muelle", "Kiosko del Puerto", "Valencia", opens_hour=9, closes_hour=23, weight=0.7),),
        favours=("Bebidas",),
        cash_share=0.25,
        tills=("lightspeed",),
        owner=CAFES.name,
    ),
)
"""The demo's world: every provider has a merchant, and one owner has tills at two of them."""

KNOWN_MERCHANTS = {spec.key: spec for spec in (*DEFAULT_MERCHANTS, KISSATEN)}


def small_merchants(count: int) -> Sequence[MerchantSpec]:
    """`count` merchants of one location each, for measuring many tenants at once."""
    return [
        MerchantSpec(
            key=f"obrador-{number:04}",
            name=f"Obrador {number}",
            locations=(LocationSpec("tienda", f"Obrador {number}", "Madrid"),),
        )
        for number in range(1, count + 1)
    ]
