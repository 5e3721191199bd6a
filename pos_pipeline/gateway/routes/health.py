"""`/healthz` and `/readyz`: for whoever keeps the process alive and sends it requests."""

from fastapi import APIRouter, Response

from pos_pipeline.errors import WarehouseUnavailable
from pos_pipeline.gateway.context import Core

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
def healthz() -> dict[str, str]:
    """Always, if it answers."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can it do its work?", responses={503: {"description": "The warehouse is away."}})
def readyz(core: Core, response: Response) -> dict[str, str]:
    """Whether the warehouse answers."""
    try:
        core.database.fetch("select 1")
    except WarehouseUnavailable:
        response.status_code = 503
        return {"status": "unavailable", "warehouse": "does not answer"}
    return {"status": "ok", "warehouse": "answers"}
