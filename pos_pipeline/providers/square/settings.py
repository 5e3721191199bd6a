"""What the environment says about Square (`SQUARE_*`)."""

from typing import cast

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import Misconfigured


class SquareSettings(BaseSettings):
    """One application of ours at Square."""

    model_config = SettingsConfigDict(env_prefix="SQUARE_", frozen=True, extra="ignore", env_ignore_empty=True)

    app_id: str | None = Field(None, description="Application id of the developer dashboard, needed to link by OAuth")
    app_secret: SecretStr | None = Field(None, description="Its secret")
    access_token: SecretStr | None = Field(
        None, description="The app's own personal access token, needed to register webhooks and for nothing else"
    )
    webhook_signature_key: SecretStr | None = Field(
        None, description="Key of a webhook subscription that was made in the developer dashboard"
    )
    base_url: str = Field("https://connect.squareup.com", description="Any server that speaks Square's protocol")
    api_version: str = Field("2026-09-16", pattern=r"^\d{4}-\d{2}-\d{2}$", description="Square-Version we read")
    dashboard_url: str = "https://app.squareup.com/dashboard/sales/transactions"

    def required_app_id(self) -> str:
        """The application id.

        Raises:
            Misconfigured: it is not set.
        """
        if not self.app_id:
            raise Misconfigured(_missing("SQUARE_APP_ID", "application id"))
        return self.app_id

    def required_app_secret(self) -> SecretStr:
        """The application secret.

        Raises:
            Misconfigured: it is not set.
        """
        if not self.app_secret:
            raise Misconfigured(_missing("SQUARE_APP_SECRET", "application secret"))
        return self.app_secret


def square(settings: BaseSettings) -> SquareSettings:
    """The core hands back what `settings_type` made; here it has its type again."""
    return cast("SquareSettings", settings)


def _missing(variable: str, what: str) -> str:
    return f"square: {variable} is not set. It is the {what} of your app at developer.squareup.com/apps (OAuth page)."
