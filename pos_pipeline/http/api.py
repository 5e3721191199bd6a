"""A connection's door to its POS: what streams are read through."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from pos_pipeline.errors import RateLimited, Unauthorised
from pos_pipeline.http.bearer import Bearer
from pos_pipeline.http.caller import Caller, Params
from pos_pipeline.http.retry import Refused
from pos_pipeline.provider import Answer, Change


class Tokens(Protocol):
    """Where access tokens come from."""

    @property
    def renewals(self) -> int:
        """How many tokens a request may see rejected before it believes it: a shared one may be used up by others."""

    def current(self) -> SecretStr:
        """The token to use now."""

    def renew(self, rejected: SecretStr) -> SecretStr:
        """Another token than `rejected`, which the POS answered 401 to.

        Raises:
            Unauthorised: there is no other; the merchant has to consent again.
        """


class Permits(Protocol):
    """Who decides when the next request may go."""

    def acquire(self, path: str) -> None:
        """Return when one request to this path may be made."""

    def block(self, seconds: float) -> None:
        """Make everybody with this credential wait."""


BLOCK_SECONDS = 0.5
"""For how long everybody stops after a 429 that does not say."""


class HttpApi:
    """`provider.Api` over HTTP. May be used by several threads; counts what it sends."""

    def __init__(
        self, caller: Caller, tokens: Tokens, permits: Permits, attributes: Mapping[str, str] | None = None
    ) -> None:
        self._caller = caller
        self._tokens = tokens
        self._permits = permits
        self._counting = Lock()
        self.attributes: Mapping[str, str] = attributes or {}
        """See `provider.Api.attributes`."""
        self.requests_made = 0
        """Requests that went out, repetitions included."""

    @property
    def clock_skew_seconds(self) -> float | None:
        """The POS's clock minus ours; None before the first answer."""
        return self._caller.clock.skew_seconds

    def get(self, path: str, params: Params | None = None) -> bytes:
        """See `provider.Api.get`."""
        return self.answer(path, params).body

    def answer(self, path: str, params: Params | None = None) -> Answer:
        """See `provider.Api.answer`."""
        return self._caller.policy.run(lambda: self._attempt("GET", path, params=params))

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """See `provider.Api.post`."""
        return self._caller.policy.run(lambda: self._attempt("POST", path, json=json)).body

    def change(self, method: Change, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """See `provider.Api.change`."""
        return self._caller.policy.run(lambda: self._attempt(method, path, form=form)).body

    def _attempt(self, method: str, path: str, **content: Any) -> Answer:
        """One try; `content` is what `Caller.attempt` takes besides."""
        token: SecretStr | None = None
        left = self._tokens.renewals
        while True:
            # The token is taken when the request may go, since it could die while that is waited for.
            self._permits.acquire(path)
            token = self._tokens.current() if token is None else self._tokens.renew(token)
            try:
                return self._once(method, path, Bearer(token), content)
            except Unauthorised:
                if not left:
                    raise
            left -= 1

    def _once(self, method: str, path: str, auth: httpx.Auth, content: Mapping[str, Any]) -> Answer:
        with self._counting:
            self.requests_made += 1
        try:
            return self._caller.attempt(method, path, auth=auth, **content)
        except Refused as refused:
            if isinstance(refused.error, RateLimited):
                self._permits.block(refused.retry_after_seconds or BLOCK_SECONDS)
            raise
