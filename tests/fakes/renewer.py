"""A process of its own that renews a connection's rejected token when told to.

python renewer.py <connection id>   prints `ready`, waits for a line, renews, prints the new token's digest
"""

import sys
from hashlib import blake2b
from uuid import UUID

from pos_pipeline.accounts.credentials import TokenSource
from pos_pipeline.services import open_services


def digest(token: str) -> str:
    """What may be shown of a token."""
    return blake2b(token.encode(), digest_size=8).hexdigest()


def main() -> None:
    """See above. Settings come from the environment."""
    with open_services() as services:
        source = TokenSource(services.database, services.vault, services.providers["lightspeed"], UUID(sys.argv[1]))
        rejected = source.current()
        print("ready", flush=True)  # noqa: T201 - the way out
        sys.stdin.readline()
        print(digest(source.renew(rejected).get_secret_value()), flush=True)  # noqa: T201 - the way out


if __name__ == "__main__":
    main()
