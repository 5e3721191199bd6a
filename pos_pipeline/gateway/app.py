"""Puts the gateway together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from pos_pipeline.gateway import openapi, problems
from pos_pipeline.gateway.conductor import Conductor, Dagster
from pos_pipeline.gateway.correlation import Correlation
from pos_pipeline.gateway.identity import build_verifier
from pos_pipeline.gateway.intake import Intake
from pos_pipeline.gateway.limits import Limits
from pos_pipeline.gateway.local_key import local_key
from pos_pipeline.gateway.routes import (
    accounts,
    dashboard,
    health,
    mapping_past,
    mapping_work,
    mappings,
    metrics,
    oauth,
    sync,
    sync_health,
    unmapped_revenue,
    webhooks,
)
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services

API = "/api/v1/pos"
DESCRIPTION = """
Link tills, ask for syncs, map products, read what the tills sold.

Send `Authorization: Bearer <JWT>`. The token names the tenant; nothing of another tenant can be seen or
changed. Refusals are RFC 9457 problems with stable `type`s. A POST with an `Idempotency-Key` happens once.
"""


def build_app(services: Services, settings: GatewaySettings) -> FastAPI:
    """The gateway over these services.

    Raises:
        Misconfigured: the settings would let in whom they should not.
    """
    settings = settings.checked()
    dagster = Dagster(settings.dagster_url or f"http://127.0.0.1:{services.settings.dagster_port}")
    conductor = Conductor(services, dagster)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        conductor.start()
        yield
        conductor.stop()

    app = FastAPI(
        title="POS pipeline",
        version="1",
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.conductor = conductor
    app.state.intake = Intake(services.database)
    app.state.keyrings = {}
    app.state.services = services
    app.state.settings = settings
    app.state.public_url = (settings.public_url or f"http://{settings.host}:{services.settings.port}").rstrip("/")
    app.state.verifier = build_verifier(settings, local_key(services.settings.pos_home) if settings.is_local else None)
    problems.install(app)
    app.add_middleware(Limits)
    app.add_middleware(Correlation)  # the last one is the first to be asked
    api = APIRouter(prefix=API)
    # Routes with a word of their own before those that take the word for an id.
    parts = (mapping_work, mapping_past, mappings)
    for part in (accounts, oauth, sync, webhooks, *parts, dashboard, sync_health, unmapped_revenue):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(metrics.router)
    openapi.describe(app)
    return app
