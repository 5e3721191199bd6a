"""Requests in one POS's protocol: its headers, its errors, our patience.

Knows nothing of connections, tokens' renewal or budgets; `api` adds those.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import structlog

from pos_pipeline.errors import (
    Misconfigured,
    PipelineError,
    ProviderUnavailable,
    RateLimited,
    UnexpectedPayload,
)
from pos_pipeline.http.body import MAX_BODY_BYTES, is_json, read_capped, syntax_fault
from pos_pipeline.http.client import shared_client
from pos_pipeline.http.clock import ClockWatch
from pos_pipeline.http.retry import Refused, RetryPolicy, retry_after_seconds, seconds_until
from pos_pipeline.provider import Answer

Params = Mapping[str, str | int]

log = structlog.get_logger(__name__)


class Caller:
    """Sends requests to one POS and turns every answer into a JSON body or an error of the tree.

    Args:
        provider: Its name, for messages.
        base_url: Scheme, host and perhaps a path; request paths are appended to it.
        headers: What every request carries. Nothing secret.
        explain: The provider's reading of a non-2xx answer.
        client: Instead of the process's shared one.
        policy: How often and how long to try.
        max_body_bytes: Largest decompressed answer accepted.
        reset_header: Says when to come back, in epoch seconds, where a 429 has no Retry-After.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        explain: Callable[[int, bytes], PipelineError],
        *,
        client: httpx.Client | None = None,
        policy: RetryPolicy | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        reset_header: str | None = None,
    ) -> None:
        self.provider = provider
        self.policy = policy or RetryPolicy()
        self.clock = ClockWatch(provider)
        self._base_url = _checked(provider, base_url)
        self._headers = dict(headers)
        self._explain = explain
        self._client = client or shared_client()
        self._max_body_bytes = max_body_bytes
        self._reset_header = reset_header

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> bytes:
        """Body of a request that may be repeated, complete and JSON; `json` or `form` is what it carries.

        Raises:
            RateLimited, ProviderUnavailable: the policy's tries are used up.
            PipelineError: whatever `explain` says of a refusal that no repetition cures.
        """
        return self.policy.run(lambda: self.attempt(method, path, params=params, json=json, form=form, auth=auth)).body

    def attempt(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> Answer:
        """One try.

        Raises:
            Refused: it may be tried again.
            PipelineError: it may not.
        """
        request = self._client.build_request(
            method,
            self._base_url + path,
            params=params,
            content=msgspec.json.encode(json) if json is not None else None,
            data=dict(form) if form is not None else None,
            headers=self._headers | ({"Content-Type": "application/json"} if json is not None else {}),
        )
        what = f"{self.provider}: {method} {path}"
        started = time.perf_counter()
        status, headers, body = self._send(request, auth, what)
        log.debug(
            "request",
            method=method,
            host=request.url.host,
            path=path,
            status=status,
            milliseconds=round((time.perf_counter() - started) * 1000),
        )
        self.clock.see(headers.get("date"))
        return self._judged(what, status, headers, body)

    def _send(self, request: httpx.Request, auth: httpx.Auth | None, what: str) -> tuple[int, httpx.Headers, bytes]:
        try:
            response = self._client.send(request, auth=auth, stream=True)
            try:
                return response.status_code, response.headers, read_capped(response, self._max_body_bytes, what)
            finally:
                response.close()
        except (httpx.RequestError, httpx.StreamError) as error:
            reason = type(error).__name__
        # Raised out here: httpx's error holds the request and thereby the token, and must not be our context.
        raise Refused(ProviderUnavailable(f"{what} to {request.url.host} got no answer ({reason})."))

    def _judged(self, what: str, status: int, headers: httpx.Headers, body: bytes) -> Answer:
        as_json = is_json(headers.get("content-type", ""), body)
        wait = retry_after_seconds(headers.get("retry-after"), self.clock.their_now)
        if wait is None and self._reset_header is not None:
            wait = seconds_until(headers.get(self._reset_header), self.clock.their_now)
        if status // 100 == 2 and as_json:  # noqa: PLR2004 - the class of success
            fault = syntax_fault(body)
            if fault is None:
                return Answer(body, headers)
            raise Refused(
                UnexpectedPayload(f"{what} answered {status} with {len(body)} bytes of broken JSON: {fault}."), wait
            )
        is_foreign = bool(body.strip()) and not as_json
        if status // 100 == 2 or (is_foreign and status in {400, 401, 403}):  # noqa: PLR2004 - proxies' blocking pages
            kind = headers.get("content-type", "").partition(";")[0][:40] or "no content type"
            raise Refused(
                ProviderUnavailable(
                    f"{what} answered {status} with {len(body)} bytes of {kind} where JSON is expected; "
                    "something between us and the POS may be answering for it."
                ),
                wait,
            )
        if status // 100 == 3:  # noqa: PLR2004 - the class of redirects
            target = httpx.URL(headers.get("location", "")).host or "itself"
            raise UnexpectedPayload(
                f"{what} answered {status}, a redirect to {target}; it is not followed, since the token would "
                "travel with it. Correct the base URL if the API has moved."
            )
        error = self._explain(status, body)
        if isinstance(error, (RateLimited, ProviderUnavailable)):
            raise Refused(error, wait)
        raise error


def _checked(provider: str, base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise Misconfigured(
            f"{provider}: the base URL {base_url!r} is not an http or https address; "
            f"correct {provider.upper()}_BASE_URL."
        )
    return base_url.rstrip("/")
