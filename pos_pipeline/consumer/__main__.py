"""`python -m pos_pipeline.consumer`: the consumer as a process of its own."""

import sys

from pos_pipeline.consumer.serving import serve
from pos_pipeline.consumer.settings import ConsumerSettings
from pos_pipeline.errors import PipelineError
from pos_pipeline.services import open_services
from pos_pipeline.settings import load_settings


def main() -> int:
    """Listen until told to end."""
    try:
        settings = load_settings(ConsumerSettings)
        with open_services() as services:
            serve(services, settings)
    except PipelineError as error:
        sys.stderr.write(f"consumer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
