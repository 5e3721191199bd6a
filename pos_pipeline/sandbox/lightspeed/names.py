"""X-Series identifiers for things of the shop: UUIDs and domain prefixes, stable, derived from the world's seed."""

from base64 import b64encode
from functools import cache
from hashlib import blake2b

_NO_DIGITS = str.maketrans("0123456789", "ghijklmnop")
_LETTERS = bytes.maketrans(b"+/", b"aZ")


class Names:
    """Identifiers of one world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.kept = cache(self.id)

    def id(self, kind: str, key: str) -> str:
        """The UUID of an object; `key` is unique within its kind. `kept` is the same, remembered."""
        text = blake2b(f"{self._seed}:x:{kind}:{key}".encode(), digest_size=16).hexdigest()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def prefix(self, merchant_key: str) -> str:
        """The sub-domain of a merchant's shop."""
        return f"{merchant_key}-{self.kept('prefix', merchant_key)[:4]}"

    def short_code(self, identifier: str) -> str:
        """Six letters printed on the receipt of the sale with this id."""
        return identifier[:6].translate(_NO_DIGITS)

    def token(self, kind: str, key: str) -> str:
        """An access token, refresh token or code: 44 letters and digits."""
        digest = blake2b(f"{self._seed}:x:{kind}:{key}".encode(), digest_size=33).digest()
        return b64encode(digest).translate(_LETTERS).decode()
