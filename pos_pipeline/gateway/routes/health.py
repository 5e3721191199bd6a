"""`/healthz` and `/readyz`: for whoever keeps the process alive and sends it requests."""

from typing import Any

from fastapi import APIRouter, Response

from pos_pipeline.errors import WarehouseUnavailable
from pos_pipeline.gateway.context import Core

router = APIRouter(tags=["health"])


def _said(words: str, **state: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"example": state}}}


@router.get("/healthz", summary="Is the process alive?", responses={200: _said("It is.", status="ok")})
def healthz() -> dict[str, str]:
    """Always, if it answers."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Can it do its work?",
    responses={
        200: _said("It can.", status="ok", warehouse="answers"),
        503: _said("The warehouse is away.", status="unavailable", warehouse="does not answer"),
    },
)
def readyz(core: Core, response: Response) -> dict[str, str]:
    """Whether the warehouse answers."""
    try:
        core.database.fetch("select 1")
    except WarehouseUnavailable:
        response.status_code = 503
        return {"status": "unavailable", "warehouse": "does not answer"}
    return {"status": "ok", "warehouse": "answers"}
