"""What the environment says about Lightspeed (`LIGHTSPEED_*`), and the address a shop answers on."""

import re
from collections.abc import Mapping
from typing import cast

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import InvalidRequest, Misconfigured

DOMAIN_PREFIX = "domain_prefix"
"""Attribute of a grant and parameter of the callback: the shop's sub-domain, which is all that tells its host."""
PERSONAL = "personal"
"""Attribute of a grant by personal token: what Lightspeed delivers for those is not signed."""
_PLACE = "{domain_prefix}"
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class LightspeedSettings(BaseSettings):
    """One application of ours at Lightspeed Retail (X-Series)."""

    model_config = SettingsConfigDict(env_prefix="LIGHTSPEED_", frozen=True, extra="ignore", env_ignore_empty=True)

    client_id: str | None = Field(None, description="Application id of the developer portal, needed to link by OAuth")
    client_secret: SecretStr | None = Field(None, description="Its secret")
    base_url: str = Field(
        "https://{domain_prefix}.retail.lightspeed.app",
        pattern=r"\{domain_prefix\}",
        description="A shop's address; `{domain_prefix}` stands for its sub-domain",
    )
    connect_url: str = Field("https://secure.retail.lightspeed.app/connect", description="Where merchants consent")
    dashboard_url: str = "https://{domain_prefix}.retail.lightspeed.app/"

    def required_client_id(self) -> str:
        """The application id.

        Raises:
            Misconfigured: it is not set.
        """
        if not self.client_id:
            raise Misconfigured(_missing("LIGHTSPEED_CLIENT_ID", "client id"))
        return self.client_id

    def required_client_secret(self) -> SecretStr:
        """The application secret.

        Raises:
            Misconfigured: it is not set.
        """
        if not self.client_secret:
            raise Misconfigured(_missing("LIGHTSPEED_CLIENT_SECRET", "client secret"))
        return self.client_secret

    def base_url_of(self, prefix: str) -> str:
        """Address of the shop with this domain prefix.

        Raises:
            InvalidRequest: it is not one.
        """
        return self.base_url.replace(_PLACE, checked_prefix(prefix))

    def dashboard_url_of(self, prefix: str) -> str:
        """The shop's own web pages; raises as `base_url_of`."""
        return self.dashboard_url.replace(_PLACE, checked_prefix(prefix))


def lightspeed(settings: BaseSettings) -> LightspeedSettings:
    """The core hands back what `settings_type` made; here it has its type again."""
    return cast("LightspeedSettings", settings)


def checked_prefix(prefix: str) -> str:
    """`prefix` if it is one label of a host name and nothing else.

    It comes from an address bar, a form, a row or an answer, and decides which host gets our secret and
    the merchant's tokens: with a dot, a slash or an @ in it, that could be anybody's.

    Raises:
        InvalidRequest: it is not; what it was is not repeated.
    """
    if not _LABEL.fullmatch(prefix):
        raise InvalidRequest(
            f"lightspeed: a domain prefix of {len(prefix)} characters is not the sub-domain of a shop: it has 1 to 63 "
            "lower-case letters, digits and hyphens, as in https://<domain prefix>.retail.lightspeed.app."
        )
    return prefix


def prefix_in(attributes: Mapping[str, str]) -> str:
    """The domain prefix a connection was linked with.

    Raises:
        Misconfigured: the connection has none, or one that leads elsewhere.
    """
    try:
        return checked_prefix(attributes.get(DOMAIN_PREFIX, ""))
    except InvalidRequest as error:
        raise Misconfigured(f"{error} The connection's attributes are damaged; link the till again.") from None


def _missing(variable: str, what: str) -> str:
    return f"lightspeed: {variable} is not set. It is the {what} of your app at developers.retail.lightspeed.app."
