"""Takes a secret from a person or a pipe. It is never an argument, never shown, never stored here."""

import getpass
import sys
from typing import TYPE_CHECKING

from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.provider import Provider


def read_credentials(provider: "Provider") -> dict[str, str]:
    """What the provider lets a merchant type in: a line of standard input each, prompts on a terminal.

    Raises:
        InvalidRequest: it takes nothing of the kind, or a line is missing.
    """
    if not provider.credentials:
        raise InvalidRequest(f"--credentials -: {provider.title} is linked by consent only; leave the option out.")
    typed = {}
    for credential in provider.credentials:
        typed[credential.name] = _read(f"{provider.title}: {credential.label}: ", is_secret=credential.is_secret)
        if not typed[credential.name]:
            lines = ", ".join(one.name for one in provider.credentials)
            raise InvalidRequest(
                f"--credentials -: no {credential.name} came on standard input; pipe in a line for each of {lines}."
            )
    return typed


def _read(prompt: str, *, is_secret: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return (getpass.getpass(prompt) if is_secret else input(prompt)).strip()
