"""Toast's identifiers for things of the shop: UUIDs derived from the world's seed, another one per restaurant."""

from functools import cache
from hashlib import blake2b


class Names:
    """Identifiers of one world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.known = cache(self.guid)
        """As `guid`, remembered: for what many orders refer to."""

    def guid(self, kind: str, key: str) -> str:
        """A UUID for the thing of this kind with this key."""
        digest = blake2b(f"{self._seed}:{kind}:{key}".encode(), digest_size=16).hexdigest()
        variant = "89ab"[int(digest[16], 16) % 4]
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"

    def group(self, merchant_key: str) -> str:
        """GUID of a management group."""
        return self.known("group", merchant_key)

    def restaurant(self, merchant_key: str, location_key: str) -> str:
        """GUID of a restaurant."""
        return self.known("restaurant", f"{merchant_key}:{location_key}")

    def multi_location_id(self, merchant_key: str, key: str) -> str:
        """What joins an item over the restaurants of a group: a string of digits."""
        return str(10**14 + int(self.known("multi location", f"{merchant_key}:{key}")[:11].replace("-", ""), 16))

    def secret(self, kind: str, key: str) -> str:
        """A client id, client secret or webhook secret."""
        return blake2b(f"{self._seed}:{kind}:{key}".encode(), digest_size=24).hexdigest()
