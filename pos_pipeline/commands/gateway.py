"""`gateway` and `token`: the HTTP face, and a way in for whoever sits at this machine."""

# ruff: noqa: PLC0415 - `--help` does without the core

import sys
from typing import Annotated

import typer

from pos_pipeline.commands._output import BEGIN, SET_UP, Json, show
from pos_pipeline.commands._warehouse import find_tenant, opened

SECONDS_PER_HOUR = 3600


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.command("gateway", rich_help_panel=BEGIN)(gateway)
    program.command("token", rich_help_panel=SET_UP)(token)


def gateway(
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="PORT if omitted; 0 takes any.")] = None,
    as_json: Json = False,
) -> None:
    """Serve the REST API, webhooks and metrics until Ctrl-C. Loopback only unless POS_HOST says otherwise."""
    from pos_pipeline.gateway.serving import listen, serve
    from pos_pipeline.gateway.settings import GatewaySettings
    from pos_pipeline.settings import load_settings

    settings = load_settings(GatewaySettings).checked()
    with opened() as services:
        listener = listen(settings, services.settings.port if port is None else port)
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        show(
            as_json,
            {"address": address},
            f"Gateway at {address}, described at {address}/api/v1/pos/openapi.json. Until Ctrl-C.",
        )
        sys.stdout.flush()
        serve(services, settings, listener)


def token(
    tenant: Annotated[str, typer.Argument(help="Whose rows it opens.")],
    *,
    scopes: Annotated[str, typer.Option(help="read, write or admin; each includes those before it.")] = "read",
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 30, help="How long it is good.")] = 12,
    as_json: Json = False,
) -> None:
    """Print a bearer token for the gateway on this machine, where nobody else issues tokens."""
    from pos_pipeline.errors import InvalidRequest
    from pos_pipeline.gateway.identity import IMPLIED
    from pos_pipeline.gateway.local_key import issue_token, local_key
    from pos_pipeline.gateway.settings import GatewaySettings
    from pos_pipeline.settings import load_settings

    if unknown := set(scopes.replace(",", " ").split()) - set(IMPLIED):
        raise InvalidRequest(f"token: no scope {', '.join(sorted(unknown))}; there are {', '.join(IMPLIED)}.")
    settings = load_settings(GatewaySettings)
    with opened() as services:
        tenant_id = find_tenant(services.database, tenant).id
        text = issue_token(
            settings,
            local_key(services.settings.pos_home),
            tenant_id,
            subject="pos-pipeline token",
            scopes=" ".join(scopes.replace(",", " ").split()),
            seconds=int(hours * SECONDS_PER_HOUR),
        )
    if as_json:
        show(as_json, {"token": text, "tenant_id": tenant_id, "scopes": scopes, "hours": hours})
    else:
        sys.stdout.write(f"{text}\n")  # a console would break it into lines
