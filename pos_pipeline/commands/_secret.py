"""Takes a secret from a person or a pipe. It is never an argument, never shown, never stored here."""

import getpass
import sys

from pos_pipeline.errors import InvalidRequest


def read_token(provider: str) -> str:
    """One line of standard input; on a terminal a prompt that shows nothing.

    Raises:
        InvalidRequest: nothing came.
    """
    token = getpass.getpass(f"{provider} access token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise InvalidRequest("--token -: nothing came on standard input; pipe the token in or type it at the prompt.")
    return token.strip()
