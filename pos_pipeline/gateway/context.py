"""What a route works with."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import StringConstraints

from pos_pipeline.gateway.problems import Problem
from pos_pipeline.services import Services

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": words}
    for status, words in {
        400: "The request contradicts itself.",
        401: "There is no token, or it is not accepted.",
        403: "The token lacks a scope.",
        404: "There is no such thing in this tenant.",
        409: "Somebody is at it already, or it is there already.",
        413: "The request is larger than any this API takes.",
        422: "The request does not parse, or the POS refuses it.",
        500: "Something failed here, or this installation is not set up for it.",
        502: "The POS sent something its protocol does not allow.",
        503: "Our store or the POS does not answer; try again after `Retry-After`.",
    }.items()
}
"""Refusals every tenant route may give, for the OpenAPI."""


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Core = Annotated[Services, Depends(_services)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
"""Words that Postgres can store."""
