"""What the environment may say, checked once.

`Settings()` is built by the CLI and by the Dagster definitions, and passed down from there;
no other module reads the environment. Settings of one POS live in that provider's folder.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pos_pipeline.errors import Misconfigured

SettingsT = TypeVar("SettingsT", bound=BaseSettings)

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting with its default; an unset variable means the embedded way.

    Raises:
        pydantic.ValidationError: a variable does not parse; `load_settings` turns it
            into a `Misconfigured` that names the variable.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    pos_home: Path = Field(PROJECT_ROOT / ".pos", description="Where the embedded server and local state live")
    database_url: SecretStr | None = Field(None, description="Postgres 15 to 18; unset means the embedded server")
    dagster_pg_url: SecretStr | None = Field(
        None, description="Dagster's own storage; unset means the database beside the warehouse's"
    )
    rabbitmq_url: SecretStr | None = Field(None, description="AMQP; unset means events wait in the outbox")
    pos_token_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Fernet keys, newest first; unset means a key file in POS_HOME"
    )
    pos_providers_path: str | None = Field(
        None, description="Directories with provider folders of your own, separated as in PATH"
    )
    pos_dbt_project: Path | None = Field(None, description="A copy of dbt_project with models of your own providers")
    port: int = Field(8013, ge=1, le=65535, description="Port of the gateway")
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI")
    sandbox_port: int = Field(8099, ge=1, le=65535, description="Port of the simulated POS clouds")
    default_sync_frequency_minutes: int = Field(15, ge=1, le=1440)
    enable_webhooks: bool = True
    max_sync_retries: int = Field(3, ge=0, le=20)
    historical_import_days: int = Field(90, ge=0, le=3650)
    auto_mapping_enabled: bool = True
    auto_mapping_confidence_threshold: float = Field(0.80, ge=0, le=1)
    alert_on_unmapped_products: bool = True
    deliver_to_sales: bool = Field(default=True, description="Send pos.transactions; needs RABBITMQ_URL")
    deliver_personal_data: bool = Field(
        default=False, description="Customers, cashiers and cards' last digits in pos.transactions too"
    )
    pos_exports_dir: Path | None = Field(None, description="Where Parquet files go; unset means POS_HOME/exports")
    export_personal_data: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Personal columns that Parquet files may have, separated by commas"
    )

    @field_validator("pos_token_keys", "export_personal_data", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("pos_home", "pos_exports_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().resolve()

    @cached_property
    def exports_dir(self) -> Path:
        """Folder of the Parquet files."""
        return self.pos_exports_dir or self.pos_home / "exports"

    @cached_property
    def dbt_project_dir(self) -> Path:
        """The dbt project: the one beside this package unless the settings name another."""
        return self.pos_dbt_project or PROJECT_ROOT / "dbt_project"


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """Settings of `kind` from the environment.

    Raises:
        Misconfigured: names each variable at fault and what was expected, never its value.
    """
    try:
        return kind()
    except ValidationError as error:
        prefix = str(kind.model_config.get("env_prefix", ""))
        faults = "; ".join(
            f"{prefix}{'.'.join(str(part) for part in fault['loc'])}".upper() + f": {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise Misconfigured(f"settings: {faults}. Correct the variable in the environment.") from None
