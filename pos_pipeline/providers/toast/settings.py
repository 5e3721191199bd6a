"""What the environment says about Toast (`TOAST_*`)."""

from typing import Annotated, cast

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pos_pipeline.errors import Misconfigured


class ToastSettings(BaseSettings):
    """Our partner integration at Toast. Restaurants that bring credentials of their own need none of it."""

    model_config = SettingsConfigDict(env_prefix="TOAST_", frozen=True, extra="ignore", env_ignore_empty=True)

    client_id: str | None = Field(None, description="Client id of our partner integration, needed to link by code")
    client_secret: SecretStr | None = Field(None, description="Its secret")
    webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Secrets of our webhook subscriptions, which have one each, separated by commas"
    )
    base_url: str = Field("https://ws-api.toasttab.com", description="Host that Toast names with the credentials")
    web_url: str = Field(
        "https://www.toasttab.com/login", description="Page of Toast Web on which restaurants add our integration"
    )
    dashboard_url: str = "https://www.toasttab.com/login"

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        return (
            tuple(secret.strip() for secret in value.split(",") if secret.strip()) if isinstance(value, str) else value
        )

    def app(self) -> tuple[str, SecretStr]:
        """Client id and secret of our integration.

        Raises:
            Misconfigured: one is not set.
        """
        if not self.client_id or not self.client_secret:
            missing = "TOAST_CLIENT_ID" if not self.client_id else "TOAST_CLIENT_SECRET"
            raise Misconfigured(f"toast: {missing} is not set. Toast gives it to partners with their integration.")
        return self.client_id, self.client_secret


def toast(settings: BaseSettings) -> ToastSettings:
    """The core hands back what `settings_type` made; here it has its type again."""
    return cast("ToastSettings", settings)
