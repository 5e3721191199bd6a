"""Work that serves no single account: asking for sweeps, renewing tokens, forgetting what is old."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from pos_pipeline.accounts.codes import collect, is_set_up
from pos_pipeline.accounts.credentials import refresh_due
from pos_pipeline.errors import PipelineError
from pos_pipeline.orchestration.due import ask_for_windows
from pos_pipeline.orchestration.event_log import forget_events
from pos_pipeline.orchestration.requests import welcome
from pos_pipeline.orchestration.retention import forget_rows
from pos_pipeline.orchestration.silence import end_silence
from pos_pipeline.provider import Window
from pos_pipeline.services import Services

SWEPT = timedelta(days=4)
"""How far back the nightly sweep reads again: what a POS shows late, it shows within days."""


@dg.op(description="Asks for the last four days of every account once more, against what the POS showed late.")
def ask_for_sweep(context: dg.OpExecutionContext, services: dg.ResourceParam[Services]) -> None:
    """The due sensor serves the requests, a few at a time, behind the live syncs."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    asked = ask_for_windows(services.database, Window(end - SWEPT, end), "sweep")
    context.log.info("%s connections will be read again from %s", asked, end - SWEPT)


@dg.op(description="Renews tokens long before they expire.")
def renew_tokens(context: dg.OpExecutionContext, services: dg.ResourceParam[Services]) -> None:
    """One refusal stops nobody else.

    Raises:
        dagster.Failure: counts the refusals by kind; the connections' rows say what to do.
    """
    report = refresh_due(services)
    context.log.info("%s tokens renewed", len(report.refreshed))
    if report.failures:
        kinds = sorted({error.code for error in report.failures.values()})
        raise dg.Failure(f"{len(report.failures)} tokens were not renewed: {', '.join(kinds)}.", allow_retries=False)


@dg.op(description="Forgets superseded events, finished requests, sent messages and rows no load ever claimed.")
def forget(context: dg.OpExecutionContext, services: dg.ResourceParam[Services]) -> None:
    """Both stores, oldest things first; what was forgotten is logged by name and number."""
    for name, count in {**forget_events(context.instance), **forget_rows(services)}.items():
        if count:
            context.log.info("%s: %s forgotten", name, count)


@dg.op(description="Notices shops that were added or removed at a POS whose merchants are linked by codes.")
def follow_codes(context: dg.OpExecutionContext, services: dg.ResourceParam[Services]) -> None:
    """One POS that does not answer stops no other; it is asked again by the next run."""
    for provider in services.providers.values():
        if not provider.links_by_code or not is_set_up(services, provider):
            continue
        try:
            linked = collect(services, provider.name)
        except PipelineError as error:
            context.log.warning("%s does not tell who is connected: %s", provider.title, error)
        else:
            welcome(services, linked)
            context.log.info("%s: %s shops linked", provider.title, len(linked))


@dg.op(description="Notices POS that tell nothing of the sales syncs find, and registers webhooks with them again.")
def mend_webhooks(context: dg.OpExecutionContext, services: dg.ResourceParam[Services]) -> None:
    """What cannot be mended is said by the accounts; the syncs go on without."""
    report = end_silence(services)
    context.log.info(
        "%s have fallen silent, %s are heard again, %s registered again, %s could not be",
        report.fallen_silent,
        report.heard_again,
        report.registered_again,
        report.failed,
    )
