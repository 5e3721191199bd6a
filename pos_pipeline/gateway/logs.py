"""What the gateway says of its work: a JSON object a line on standard error, with request and tenant, without secrets.

    log.info(…) ──┐
    uvicorn, httpx ┴─▶ facts of the request ─▶ errors without their words ─▶ secrets taken out ─▶ JSON

An error is told by its kind and place: its words may quote a request or a row. Query strings are never logged.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import structlog
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from structlog.types import EventDict, Processor

from pos_pipeline.errors import Misconfigured
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services

FACTS: ContextVar[dict[str, str] | None] = ContextVar("facts", default=None)
"""Of the request being answered. One dict for all threads that work on it, so that each adds what it learns."""
TAKEN_OUT = "[redacted]"
SECRET_NAMES = re.compile(
    r"token|secret|password|passwd|authorization|credential|signature|cookie|api_?key|sealed|^(code|state|key)$",
    re.IGNORECASE,
)
PATTERNS = (
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"),  # a JWT
    re.compile(r"(?i)\b(?<=bearer )\S+|\b(?<=basic )\S+"),
    re.compile(r"(?i)(?<=[?&\s])(?:code|state|\w*token|\w*secret|signature|key)=[^&\s\"']+"),
    re.compile(r"(?<=://)[^/@\s]+(?=@)"),  # a user and a password in an address
    re.compile(r"\b(?:[A-HJ-NP-Z2-9]{4}-){3}[A-HJ-NP-Z2-9]{4}\b"),  # a link code
    re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"),  # an e-mail address
)
SHORTEST_SECRET = 8
"""Shorter settings would take every other word out of the log."""


def configure(secrets: Iterable[str]) -> None:
    """Have this process, the libraries in it too, log this way; `secrets` are never printed, wherever they turn up."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_facts,
        without_words,
        Redactor(secrets),
    ]
    json = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    structlog.configure(
        processors=[*shared, json],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, json],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def tell(**facts: str) -> None:
    """Say in every further line about the request being answered; nothing outside of one."""
    known = FACTS.get()
    if known is not None:
        known.update(facts)


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def secrets_of(services: Services, settings: GatewaySettings, *more: SecretStr) -> set[str]:
    """Every secret this process was given by its settings, the providers' too."""
    all_settings: list[BaseSettings] = [services.settings, settings]
    for provider in services.providers.values():
        try:
            all_settings.append(services.settings_of(provider))
        except Misconfigured:
            continue  # what does not parse is not used either
    found = {secret for one in all_settings for value in dict(one).values() for secret in _secrets_in(value)}
    return {secret for secret in found | {one.get_secret_value() for one in more} if len(secret) >= SHORTEST_SECRET}


def _secrets_in(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, tuple | list) else (value,):
        if isinstance(one, SecretStr):
            yield one.get_secret_value()


def add_facts(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the request's id and its tenant."""
    return {**event, **(FACTS.get() or {})}


def without_words(_: Any, __: str, event: EventDict) -> EventDict:
    """Tell an exception by its kind, its causes' kinds, and the lines it passed."""
    info = event.pop("exc_info", None)
    if info is True or isinstance(info, tuple):
        info = (info if isinstance(info, tuple) else sys.exc_info())[1]
    event.pop("exc_text", None)
    if isinstance(info, BaseException):
        event.setdefault("error_type", type(info).__name__)
        event["causes"] = [type(cause).__name__ for cause in _causes(info)]
        steps = traceback.extract_tb(info.__traceback__)
        event["frames"] = [
            f"{step.filename.rpartition('site-packages/')[2]}:{step.lineno} {step.name}" for step in steps
        ]
    return event


def _causes(error: BaseException) -> Iterator[BaseException]:
    following = error.__cause__ or error.__context__
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__


class Redactor:
    """Takes secrets out of a line: by the name they are logged under, by their looks, and those that are known."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted(secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _: Any, __: str, event: EventDict) -> EventDict:
        """The line without them."""
        return {name: self._clean(name, value) for name, value in event.items()}

    def _clean(self, name: str, value: Any) -> Any:
        if SECRET_NAMES.search(name) and value not in (None, "") and not isinstance(value, bool):
            return TAKEN_OUT
        if isinstance(value, dict):
            return {key: self._clean(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple | set):
            return [self._clean("", each) for each in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        if self._known:
            text = self._known.sub(TAKEN_OUT, text)
        for pattern in PATTERNS:
            text = pattern.sub(TAKEN_OUT, text)
        return text
