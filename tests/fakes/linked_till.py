"""The corner till with web pages of its own, which assets link to."""

from dataclasses import dataclass

from fakes.corner_till import CornerTill


@dataclass
class LinkedTill(CornerTill):
    """A corner till."""

    def dashboard_url(self, _settings: object, merchant_id: str) -> str:
        """Where the merchant looks."""
        return f"https://corner.example/{merchant_id}"
