"""What the environment says about the gateway (`POS_*`); its port is `PORT`."""

from functools import cached_property

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import Misconfigured

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MIN_SECRET_BYTES = 32


class GatewaySettings(BaseSettings):
    """Where it listens, how it is reached, whose tokens it takes."""

    model_config = SettingsConfigDict(env_prefix="POS_", frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on; other than loopback needs a token setting")
    public_url: str | None = Field(
        None, description="How merchants' browsers and the POS reach us; redirect URIs and webhooks begin with it"
    )
    dagster_url: str | None = Field(None, description="Where Dagster's UI answers; this machine's when not set")
    jwks_url: str | None = Field(None, description="Keys of whoever issues our callers' tokens")
    jwt_secret: SecretStr | None = Field(None, description="The secret shared with them, of 32 bytes or more")
    jwt_issuer: str | None = Field(None, description="The `iss` a token must have")
    jwt_audience: str = Field("pos-pipeline", description="The `aud` a token must have")
    jwt_tenant_claim: str = Field("tenant_id", description="The claim that names the tenant, by id")

    metrics_token: SecretStr | None = Field(
        None, description="Bearer token that opens /metrics from elsewhere than this machine, of 32 bytes or more"
    )

    @cached_property
    def is_local(self) -> bool:
        """Whether nobody issues tokens for us, so that a key of our own does."""
        return self.jwks_url is None and self.jwt_secret is None

    def checked(self) -> "GatewaySettings":
        """These settings.

        Raises:
            Misconfigured: they would let in whom they should not.
        """
        if self.jwks_url and self.jwt_secret:
            raise Misconfigured("gateway: POS_JWKS_URL and POS_JWT_SECRET are both set; unset one.")
        if self.is_local and self.host not in LOOPBACK:
            raise Misconfigured(
                f"gateway: listening on {self.host} needs POS_JWKS_URL or POS_JWT_SECRET; the key it makes by itself "
                "is for this machine only. Set one, or listen on 127.0.0.1."
            )
        if self.jwt_secret and len(self.jwt_secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise Misconfigured(f"gateway: POS_JWT_SECRET is shorter than {MIN_SECRET_BYTES} bytes.")
        if self.metrics_token and len(self.metrics_token.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise Misconfigured(f"gateway: POS_METRICS_TOKEN is shorter than {MIN_SECRET_BYTES} bytes.")
        if self.jwks_url and not self.jwks_url.startswith("https://") and self.host not in LOOPBACK:
            raise Misconfigured("gateway: POS_JWKS_URL has to be https.")
        return self
