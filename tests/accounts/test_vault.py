"""Tokens at rest."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from pos_pipeline.accounts.keys import KeyFile
from pos_pipeline.accounts.vault import Vault, open_vault
from pos_pipeline.errors import Misconfigured, TokenUnreadable
from pos_pipeline.settings import Settings

TENANT, CONNECTION = uuid4(), uuid4()
TOKEN = "EAAA-canary-token"


def new_key() -> SecretStr:
    """A key."""
    return SecretStr(Fernet.generate_key().decode())


def seal(vault: Vault) -> bytes:
    """The token, sealed for TENANT and CONNECTION."""
    return vault.seal(TOKEN, tenant_id=TENANT, connection_id=CONNECTION)


def open_(vault: Vault, sealed: bytes, tenant_id: UUID = TENANT, connection_id: UUID = CONNECTION) -> str:
    """What is inside."""
    return vault.open(sealed, tenant_id=tenant_id, connection_id=connection_id)


def test_sealed_token_opens_for_its_own_connection() -> None:
    """What is sealed comes back, is not readable at rest, and never looks the same twice."""
    vault = Vault([new_key()])

    assert open_(vault, seal(vault)) == TOKEN
    assert TOKEN.encode() not in seal(vault)
    assert seal(vault) != seal(vault)


@pytest.mark.parametrize(("tenant_id", "connection_id"), [(uuid4(), CONNECTION), (TENANT, uuid4())])
def test_token_copied_to_another_row_does_not_open(tenant_id: UUID, connection_id: UUID) -> None:
    """The binding is part of what is sealed: neither another tenant's nor another connection's row opens it."""
    vault = Vault([new_key()])

    with pytest.raises(TokenUnreadable, match="sealed for another tenant or connection"):
        open_(vault, seal(vault), tenant_id, connection_id)


def test_wrong_key_says_what_to_do() -> None:
    """A lost key is named by where it belongs, with neither key nor token in the message."""
    sealed = seal(Vault([new_key()]))
    other = new_key()

    with pytest.raises(TokenUnreadable, match=r"POS_TOKEN_KEYS, or the file token\.keys") as raised:
        open_(Vault([other]), sealed)
    assert other.get_secret_value() not in str(raised.value) + repr(Vault([other]))
    assert raised.value.__context__ is None or TOKEN not in repr(raised.value.__context__)


def test_older_keys_still_open() -> None:
    """Sealing takes the first key, opening takes any."""
    old, new = new_key(), new_key()
    sealed = seal(Vault([old]))
    rolled = Vault([new, old])

    assert open_(rolled, sealed) == TOKEN
    assert not rolled.is_newest(sealed)
    assert rolled.is_newest(seal(rolled))


@pytest.mark.parametrize("bad", ["short", "ü" * 44, "=" * 44, "A" * 40])
def test_malformed_key_is_named_but_not_shown(bad: str) -> None:
    """A key that is cut short or not base64 stops the start, saying which one it is."""
    with pytest.raises(Misconfigured, match="POS_TOKEN_KEYS: key 2 of 2 is not a Fernet key") as raised:
        Vault([new_key(), SecretStr(bad)])
    assert bad not in str(raised.value)


def test_settings_come_before_the_file(tmp_path: Path) -> None:
    """With POS_TOKEN_KEYS no file is made."""
    settings = Settings(pos_home=tmp_path, pos_token_keys=(new_key(),))
    vault = open_vault(settings)

    assert open_(vault, seal(vault)) == TOKEN
    assert list(tmp_path.iterdir()) == []


def test_two_starts_share_the_key_file(tmp_path: Path) -> None:
    """The second start reads what the first one made."""
    settings = Settings(pos_home=tmp_path / "home")

    assert open_(open_vault(settings), seal(open_vault(settings))) == TOKEN


def test_running_process_follows_a_rotation(tmp_path: Path) -> None:
    """A vault opened before the rotation opens what is sealed after it, and seals with the new key."""
    settings = Settings(pos_home=tmp_path)
    early = open_vault(settings)
    before = seal(early)
    KeyFile(tmp_path).add_key()
    late = open_vault(settings)

    assert open_(early, seal(late)) == TOKEN
    assert late.is_newest(seal(early))
    assert open_(late, before) == TOKEN
