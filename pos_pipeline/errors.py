"""Every failure the pipeline names, sorted by what the caller can do about it.

    PipelineError
    ├── Retryable                 the same call may succeed later
    │   ├── RateLimited           … after `retry_after_seconds`
    │   ├── ProviderUnavailable   the POS is down, slow or answers nonsense
    │   ├── WarehouseUnavailable  Postgres refused
    │   ├── BrokerUnavailable     RabbitMQ refused
    │   └── Busy                  another process holds this connection
    └── Permanent                 somebody has to act first
        ├── Misconfigured         a setting is wrong or missing
        ├── Unauthorised          the merchant's grant is gone: link the till again
        ├── MissingScope          the grant lacks `scope`
        ├── CursorExpired         the reader must restart its window
        ├── SignatureInvalid      a webhook is not from the POS
        ├── UnexpectedPayload     the POS sent something its protocol does not allow
        ├── NotFound              no such tenant, account, window …
        ├── InvalidRequest        the caller's arguments contradict each other
        └── TokenUnreadable       no configured key opens a sealed token

A message names the thing, what came, what was expected and the next step. It never
carries a token, a card or a customer's name.
"""


class PipelineError(Exception):
    """Root of the tree. `code` is stable and is what events and logs carry as `error_type`."""

    code = "pipeline_error"
    action_required = "Look at the run in Dagster; the message names the cause."


class Retryable(PipelineError):
    """The same call may succeed later without anybody changing anything."""

    code = "temporary_failure"
    action_required = "None: it is retried by itself."


class RateLimited(Retryable):
    """The POS asked us to slow down."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ProviderUnavailable(Retryable):
    """The POS is down, slow, or answered something that is not its protocol (an HTML page)."""

    code = "provider_unavailable"


class WarehouseUnavailable(Retryable):
    """Postgres refused the connection or went away."""

    code = "warehouse_unavailable"


class BrokerUnavailable(Retryable):
    """RabbitMQ refused the connection or did not confirm; the outbox keeps the events."""

    code = "broker_unavailable"


class Busy(Retryable):
    """Another process is syncing this connection; it sees everything this call would have seen."""

    code = "busy"


class Permanent(PipelineError):
    """Trying again changes nothing: somebody has to act first."""

    code = "permanent_failure"


class Misconfigured(Permanent):
    """A setting is wrong or missing."""

    code = "misconfigured"
    action_required = "Correct the setting the message names."


class Unauthorised(Permanent):
    """The merchant's grant was revoked or has expired."""

    code = "authentication_failed"
    action_required = "Link the till again: the merchant has to consent once more."


class MissingScope(Permanent):
    """The grant does not cover a stream. Never an empty success."""

    code = "missing_scope"

    def __init__(self, message: str, scope: str) -> None:
        super().__init__(message)
        self.scope = scope
        self.action_required = f"Link the till again and grant {scope}."


class CursorExpired(Permanent):
    """A page cursor is no longer valid; the window is to be read again from its start."""

    code = "cursor_expired"
    action_required = "None: the window is read again from its start."


class SignatureInvalid(Permanent):
    """A webhook's signature does not match its body."""

    code = "signature_invalid"


class UnexpectedPayload(Permanent):
    """The POS sent something its protocol does not allow."""

    code = "unexpected_payload"
    action_required = "Report the message: the provider's reader has to learn this shape."


class NotFound(Permanent):
    """No such tenant, account, connection or window."""

    code = "not_found"
    action_required = "Check the name; `pos-pipeline tenants list` shows what there is."


class InvalidRequest(Permanent):
    """The caller's arguments contradict each other."""

    code = "invalid_request"
    action_required = "Correct the argument the message names."


class TokenUnreadable(Permanent):
    """No configured key opens a sealed token, or it was sealed for another tenant."""

    code = "token_unreadable"
    action_required = "Put the key that sealed the tokens back into POS_TOKEN_KEYS."
