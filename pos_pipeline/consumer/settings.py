"""What the environment says about messages that come in (`POS_*`); the broker is RABBITMQ_URL."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConsumerSettings(BaseSettings):
    """Our queue, and where other services publish. An exchange that is missing is declared: topic, durable."""

    model_config = SettingsConfigDict(env_prefix="POS_", frozen=True, extra="ignore", env_ignore_empty=True)

    commands_queue: str = Field("pos.commands", min_length=1, max_length=200, description="Our queue")
    sales_exchange: str = Field("sales", min_length=1, description="Where the sales service publishes")
    sales_discrepancy_key: str = Field("sales.validation_discrepancy", description="Binding of its discrepancies")
    sales_recorded_key: str = Field("sales.transactions_recorded", description="Binding of its acknowledgements")
    orchestrator_exchange: str = Field("orchestrator", min_length=1, description="Where the orchestrator publishes")
    orchestrator_trigger_key: str = Field("orchestrator.daily_trigger", description="Binding of its daily trigger")

    @property
    def dead_queue(self) -> str:
        """Where messages end that cannot be acted upon; the exchange before it has the same name."""
        return f"{self.commands_queue}.dead"

    @property
    def bindings(self) -> tuple[tuple[str, str], ...]:
        """Exchange and routing key of everything we listen to."""
        return (
            (self.sales_exchange, self.sales_discrepancy_key),
            (self.sales_exchange, self.sales_recorded_key),
            (self.orchestrator_exchange, self.orchestrator_trigger_key),
        )
