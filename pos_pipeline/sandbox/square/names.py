"""Square's identifiers for things of the shop: opaque, stable, derived from the world's seed."""

from base64 import b32encode, b64encode
from functools import cache
from hashlib import blake2b

_LETTERS = bytes.maketrans(b"+/", b"aZ")


class Names:
    """Identifiers of one world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.upper = cache(self._upper)

    def order(self, merchant_key: str, number: int) -> str:
        """Id of the order of a sale."""
        return self._mixed(f"o{merchant_key}:{number}")

    def return_order(self, merchant_key: str, refund_number: int) -> str:
        """Id of the order that holds the goods of a refund."""
        return self._mixed(f"r{merchant_key}:{refund_number}")

    def payment(self, merchant_key: str, tender_number: int) -> str:
        """Id of a payment, which is the tender's id too."""
        return self._mixed(f"p{merchant_key}:{tender_number}")

    def refund(self, merchant_key: str, tender_number: int, refund_number: int) -> str:
        """Id of a refund: the payment's id and a suffix."""
        return f"{self.payment(merchant_key, tender_number)}_{self._mixed(f'f{merchant_key}:{refund_number}')}"

    def merchant(self, merchant_key: str) -> str:
        """Id of a merchant."""
        return "ML" + self.upper("merchant", merchant_key, 11)

    def location(self, merchant_key: str, location_key: str) -> str:
        """Id of a location."""
        return "L" + self.upper("location", f"{merchant_key}:{location_key}", 12)

    def customer(self, merchant_key: str, customer_key: str) -> str:
        """Id of a customer."""
        return self.upper("customer", f"{merchant_key}:{customer_key}", 26)

    def team_member(self, merchant_key: str, cashier_key: str) -> str:
        """Id of a team member."""
        return "TM" + self.upper("team", f"{merchant_key}:{cashier_key}", 14)

    def catalog(self, merchant_key: str, kind: str, key: str) -> str:
        """Id of a catalog object."""
        return self.upper(kind, f"{merchant_key}:{key}", 24)

    def token(self, kind: str, key: str) -> str:
        """An access token, refresh token, code or signature key: 44 letters and digits."""
        digest = blake2b(f"{self._seed}:{kind}:{key}".encode(), digest_size=33).digest()
        return b64encode(digest).translate(_LETTERS).decode()

    def _upper(self, kind: str, key: str, length: int) -> str:
        digest = blake2b(f"{self._seed}:{kind}:{key}".encode(), digest_size=20).digest()
        return b32encode(digest).decode()[:length]

    def _mixed(self, key: str) -> str:
        digest = blake2b(f"{self._seed}:{key}".encode(), digest_size=21).digest()
        return b64encode(digest).translate(_LETTERS).decode() + "ZY"
