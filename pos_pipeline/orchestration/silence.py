"""Notices a POS that has stopped telling us what happens, and has it told again.

    syncs find sales ──┬─ events come too ──▶ all is well
                       └─ none came ──▶ silent ──▶ registered again, later each time ──▶ an event ──▶ all is well

Sales are not lost by it, only late: the clock finds them. So it is no failed sync and no `pos.error`; the
accounts say it, and the log.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from pos_pipeline.accounts.hooks import register_again
from pos_pipeline.errors import PipelineError
from pos_pipeline.services import Services

SILENCE = timedelta(hours=3)
"""For so long syncs have to find sales before it is silence. All three POS try again within minutes, and a tunnel or
a proxy of ours that is down for an hour is no reason to ask anybody for anything."""
FEWEST_SYNCS = 3
"""So many of them: one late sale at either end of a quiet night is no silence."""
OWN = timedelta(minutes=10)
"""What a sync finds within so long of an event, that event has told of."""
LOOKED_BACK = timedelta(hours=24)
FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=1)
"""Between two registrations by ourselves. Lightspeed delivers nothing for a day once it has given us up."""
MOST_AT_ONCE = 200
"""Registrations of one look: when our own door was shut, everybody falls silent together."""

HEARD = """
select w.received_at
from pos.webhooks as w
where w.connection_id = c.id and %(sales)s::jsonb ->> c.pos_provider = any(w.streams)
order by w.received_at desc
limit 1
"""
END = f"""
update pos.connections as c
set webhook_silent_since = null, webhook_tried_at = null, webhook_tries = 0, webhook_message = null
where c.webhook_silent_since is not null and ({HEARD}) > c.webhook_silent_since
returning c.id
"""
# Events are expected where we have registered, and where some have come: then a person has.
BEGIN = f"""
with told as (
    select c.id, greatest(c.webhook_registered_at, heard.received_at) as last_at
    from pos.connections as c
    left join lateral ({HEARD}) as heard on true
    where c.status = 'active' and c.webhook_silent_since is null
),
found as (
    select
        told.id,
        min(l.sync_started_at) as since,
        max(l.sync_started_at) as until,
        count(distinct l.sync_started_at) as syncs
    from told
    inner join pos.accounts as a on told.id = a.connection_id
    inner join pos.sync_logs as l on a.id = l.pos_account_id
    where
        told.last_at < now() - %(silence)s
        and l.kind = 'live' and l.transactions_processed > 0
        and l.sync_started_at > greatest(told.last_at + %(own)s, now() - %(looked_back)s)
    group by told.id
)
update pos.connections as c
set webhook_silent_since = found.since, webhook_tried_at = null, webhook_tries = 0
from found
where c.id = found.id and found.syncs >= %(fewest)s and found.until - found.since >= %(silence)s
returning c.id, c.pos_provider, c.merchant_id, found.since
"""
# What could not be registered when the till was linked is tried again as well. The claim is the count of tries.
CLAIM = """
with due as (
    select id
    from pos.connections
    where
        status = 'active' and pos_provider = any(%(able)s) and webhook_address is not null
        and (webhook_silent_since is not null or webhook_registered_at is null)
        and coalesce(
            webhook_tried_at + least(%(first)s * power(2, least(webhook_tries, 10) - 1), %(longest)s), '-infinity'
        ) <= now()
    order by webhook_tried_at nulls first, id
    limit %(most)s
    for update skip locked
)
update pos.connections as c
set webhook_tried_at = now(), webhook_tries = c.webhook_tries + 1
from due
where c.id = due.id
returning c.id, c.pos_provider, c.webhook_silent_since, c.webhook_address
"""
SAY = "update pos.connections set webhook_message = %s where id = %s returning id"

log = structlog.get_logger(__name__)


@dataclass
class Report:
    """What one look has found and done; how many connections each."""

    fallen_silent: int = 0
    heard_again: int = 0
    registered_again: int = 0
    failed: int = 0
    """Registrations the POS or a setting of ours did not let through; the connections' rows say why."""


def end_silence(services: Services) -> Report:
    """Look for POS that tell nothing of what syncs find, and register with them again when that is due.

    One that refuses stops no other.
    """
    report = Report()
    if not services.settings.enable_webhooks:
        return report
    parameters = {
        "sales": Jsonb({name: _sales_of(services, name) for name in services.providers}),
        "silence": SILENCE,
        "own": OWN,
        "looked_back": LOOKED_BACK,
        "fewest": FEWEST_SYNCS,
    }
    report.heard_again = len(services.database.fetch(END, parameters))
    for connection_id, provider, merchant_id, since in services.database.fetch(BEGIN, parameters):
        report.fallen_silent += 1
        pos = services.providers[provider]
        by_hand = f" It was set up by hand at {pos.title}: look there whether it is paused, stopped or gone."
        is_ours = pos.webhooks is not None and pos.webhooks.is_registered_by_api
        services.database.fetch(
            SAY, (_told_nothing(services, provider, since) + by_hand * (not is_ours), connection_id)
        )
        log.warning("webhooks are silent", connection_id=str(connection_id), provider=provider, merchant_id=merchant_id)
    able = [name for name, pos in services.providers.items() if pos.webhooks and pos.webhooks.is_registered_by_api]
    wanted = {"able": able, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "most": MOST_AT_ONCE}
    for connection_id, provider, since, address in services.database.fetch(CLAIM, wanted):
        _register(services, report, connection_id, _told_nothing(services, provider, since) if since else "", address)
    return report


def _register(services: Services, report: Report, connection_id: UUID, before: str, address: str) -> None:
    try:
        was_mended = register_again(services, connection_id)
    except PipelineError as error:
        report.failed += 1
        log.warning("webhooks not registered", connection_id=str(connection_id), error_type=error.code)
        if before:
            said = f"{before} Registering again failed: {str(error).rstrip('.')}. {error.action_required}"
            services.database.fetch(SAY, (said, connection_id))
        return
    report.registered_again += 1
    if not before:
        services.database.fetch(SAY, (None, connection_id))
    elif was_mended:
        services.database.fetch(SAY, (f"{before} It has been registered again.", connection_id))
    else:
        place = address.partition("?")[0]
        said = f"{before} The registration stands as it should; make sure that the POS can reach {place}."
        services.database.fetch(SAY, (said, connection_id))


def _told_nothing(services: Services, provider: str, since: datetime) -> str:
    title = services.providers[provider].title
    return f"{title} has told of none of the sales that syncs have found since {since:%Y-%m-%d %H:%M} UTC."


def _sales_of(services: Services, provider: str) -> str:
    """The stream an event about a sale names."""
    return next(stream.name for stream in services.providers[provider].streams if stream.counts_as_transactions)
