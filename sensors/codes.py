"""Links shops whose merchant has entered our code at the POS, while any code is waiting.

The merchant looks at a page that says "waiting": an hourly job would be too late, and one request a minute
to the POS is not worth a run.
"""

import dagster as dg

from pos_pipeline.accounts.codes import collect, is_set_up
from pos_pipeline.accounts.consent import waits_for_codes
from pos_pipeline.errors import PipelineError
from pos_pipeline.orchestration.requests import welcome
from pos_pipeline.services import Services

TICK_SECONDS = 60


def build_code_sensor() -> dg.SensorDefinition:
    """The sensor; it starts no runs."""

    @dg.sensor(
        name="link_codes",
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Links shops whose merchant has entered our code at the POS (Toast).",
    )
    def link_codes(services: dg.ResourceParam[Services]) -> dg.SkipReason:
        done = []
        for provider in services.providers.values():
            if not (provider.links_by_code and waits_for_codes(services.database, provider.name)) or not is_set_up(
                services, provider
            ):
                continue
            try:
                linked = collect(services, provider.name)
                welcome(services, linked)
                done.append(f"{provider.title}: {len(linked)} shops linked")
            except PipelineError as error:
                done.append(str(error))
        return dg.SkipReason("; ".join(done) or "no code is waiting")

    return link_codes
