"""`/metrics`: for Prometheus. It tells of all tenants, so no tenant's token opens it."""

import secrets
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST

from pos_pipeline.gateway.context import Core
from pos_pipeline.gateway.metrics import exposition
from pos_pipeline.gateway.origin import FORWARDED
from pos_pipeline.gateway.problems import Problem, Refusal
from pos_pipeline.gateway.settings import LOOPBACK, GatewaySettings

router = APIRouter(tags=["health"])

EXAMPLE = """# HELP pos_accounts_total Linked shops.
# TYPE pos_accounts_total gauge
pos_accounts_total{tenant_id="0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11",pos_provider="square",status="active"} 3.0
"""

scraper = HTTPBearer(auto_error=False, scheme_name="Scraper", description="POS_METRICS_TOKEN, unless from loopback.")


def require_scraper(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(scraper)]
) -> None:
    """Go on for who has the metrics token, and for whoever is at this machine.

    Raises:
        Refusal: 401, for everybody else.
    """
    settings: GatewaySettings = request.app.state.settings
    if credentials is not None and settings.metrics_token is not None:
        wanted = settings.metrics_token.get_secret_value().encode()
        if secrets.compare_digest(credentials.credentials.encode(), wanted):
            return
    if not _is_local(request):
        raise Refusal(
            401, "unauthenticated", "Send POS_METRICS_TOKEN as a bearer token.", {"WWW-Authenticate": "Bearer"}
        )


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"example": EXAMPLE}}, "description": "Prometheus' text format."},
        401: {"model": Problem, "description": "The caller is not at this machine and has not the metrics token."},
        503: {"model": Problem, "description": "The warehouse is away."},
    },
    dependencies=[Depends(require_scraper)],
)
def metrics(core: Core) -> Response:
    """Shops, syncs, errors, unmapped products, webhooks, outbox, tokens and requests of all tenants."""
    return Response(exposition(core.database), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Whether it was sent at this machine itself: not through a proxy here, nor by a page whose name leads here."""
    if request.client is None or any(header in request.headers for header in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback and request.url.hostname in LOOPBACK
    except ValueError:
        return False
