"""`python -m pos_pipeline.gateway`: the gateway as a process of its own."""

import sys

from pos_pipeline.errors import PipelineError
from pos_pipeline.gateway.serving import listen, serve
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import open_services
from pos_pipeline.settings import load_settings


def main() -> int:
    """Serve until told to end."""
    try:
        settings = load_settings(GatewaySettings).checked()
        with open_services() as services:
            listener = listen(settings, services.settings.port)
            serve(services, settings, listener)
    except PipelineError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
