"""Seals tokens at rest, each bound to its tenant and connection.

Fernet has no associated data, so the binding travels inside the sealed payload and is compared
on opening: a token copied into another tenant's row does not open. Where keys come from is in
`keys`; re-sealing every stored token with a new key is in `rotation`.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from pos_pipeline.accounts.keys import KeyFile, checked
from pos_pipeline.errors import TokenUnreadable
from pos_pipeline.settings import Settings

FORMAT = b"\x01"
BINDING_BYTES = len(FORMAT) + 16 + 16


class Vault:
    """Seals with the newest key, opens with any. `repr` shows no key.

    Args:
        keys: Fernet keys, newest first; at least one.
        reread: gives the keys as they are now, or None when they did not change. A process that
            runs through a key rotation learns the new key by it.

    Raises:
        Misconfigured: a key is malformed.
    """

    def __init__(
        self, keys: Sequence[SecretStr], reread: Callable[[], Sequence[SecretStr] | None] | None = None
    ) -> None:
        self._use(keys)
        self._reread = reread

    def __repr__(self) -> str:
        return f"Vault({self._count} keys)"

    def seal(self, text: str, *, tenant_id: UUID, connection_id: UUID) -> bytes:
        """`text` sealed with the newest key for this tenant and connection."""
        self.renew_keys()
        return self._newest.encrypt(FORMAT + tenant_id.bytes + connection_id.bytes + text.encode())

    def open(self, sealed: bytes, *, tenant_id: UUID, connection_id: UUID) -> str:
        """The text behind `sealed`.

        Raises:
            TokenUnreadable: no key opens it, or it was sealed for another tenant or connection.
        """
        try:
            payload = self._any.decrypt(sealed)
        except InvalidToken:
            payload = self._open_with_new_keys(sealed, connection_id)
        if payload[:BINDING_BYTES] != FORMAT + tenant_id.bytes + connection_id.bytes:
            raise TokenUnreadable(
                f"vault: the token stored for connection {connection_id} was sealed for another tenant or "
                "connection; the row was copied or altered. Link the till again."
            )
        return payload[BINDING_BYTES:].decode()

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key seals it already."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def _open_with_new_keys(self, sealed: bytes, connection_id: UUID) -> bytes:
        if self.renew_keys():
            try:
                return self._any.decrypt(sealed)
            except InvalidToken:
                pass
        raise TokenUnreadable(
            f"vault: none of the {self._count} configured keys opens the token of connection {connection_id}. "
            "Put the key that sealed it back (POS_TOKEN_KEYS, or the file token.keys in POS_HOME), "
            "or link the till again."
        )

    def renew_keys(self) -> bool:
        """Take over the keys as they are now; whether they had changed."""
        keys = self._reread() if self._reread else None
        if keys is None:
            return False
        self._use(keys)
        return True

    def _use(self, keys: Sequence[SecretStr]) -> None:
        fernets = [Fernet(key.get_secret_value()) for key in checked(keys, "POS_TOKEN_KEYS")]
        self._newest, self._any, self._count = fernets[0], MultiFernet(fernets), len(fernets)


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation: keys of the settings, else of the key file, made when missing.

    Raises:
        Misconfigured: a key is malformed, or the key file cannot be read or made.
    """
    if settings.pos_token_keys:
        return Vault(settings.pos_token_keys)
    file = KeyFile(settings.pos_home)
    return Vault(file.read_or_make(), file.read_if_changed)
