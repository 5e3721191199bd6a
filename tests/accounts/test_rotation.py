"""Rolling the keys under stored tokens."""

import pytest
from cryptography.fernet import Fernet
from fakes.rotating_till import RotatingTill
from pydantic import SecretStr

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.credentials import TokenSource
from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.accounts.rotation import rotate_all, rotate_keys
from pos_pipeline.accounts.vault import Vault, open_vault
from pos_pipeline.errors import TokenUnreadable
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database


def sealed(database: Database) -> list[bytes]:
    """Everything that is sealed in the warehouse."""
    rows = database.fetch(
        """
        select access_token from pos.connections where access_token is not null
        union all select refresh_token from pos.connections where refresh_token is not null
        union all select webhook_signature_key from pos.accounts where webhook_signature_key is not null
        """
    )
    return [token for (token,) in rows]


@pytest.fixture
def webhook_key(rotating: Services, connection: Connection) -> str:
    """A sealed webhook key on one account."""
    key = rotating.vault.seal("whk", tenant_id=connection.tenant_id, connection_id=connection.id)
    rotating.database.fetch(
        "update pos.accounts set webhook_signature_key = %s where location_id = 'L1' returning id", (key,)
    )
    return "whk"


def test_rotation_re_seals_every_column(
    rotating: Services, connection: Connection, webhook_key: str, till: RotatingTill
) -> None:
    """Tokens and webhook keys are all under the new key, say the same as before, and nothing is left to do."""
    assert rotate_keys(rotating) == 2
    assert all(rotating.vault.is_newest(token) for token in sealed(rotating.database))
    assert len(sealed(rotating.database)) == 3

    source = TokenSource(rotating.database, open_vault(rotating.settings), till, connection.id)
    assert source.current().get_secret_value() == "access-M1-0"
    [(key,)] = rotating.database.fetch("select webhook_signature_key from pos.accounts where location_id = 'L1'")
    assert rotating.vault.open(key, tenant_id=connection.tenant_id, connection_id=connection.id) == webhook_key
    assert rotate_all(rotating) == 0


@pytest.mark.usefixtures("webhook_key")
def test_interrupted_rotation_goes_on(rotating: Services) -> None:
    """Only the rows that the first attempt did not reach are re-sealed by the second."""
    [(unreached,)] = rotating.database.fetch("select webhook_signature_key from pos.accounts where location_id = 'L1'")
    rotate_keys(rotating)
    rotating.database.fetch(
        "update pos.accounts set webhook_signature_key = %s where location_id = 'L1' returning id", (unreached,)
    )

    assert rotate_all(rotating) == 1
    assert rotate_all(rotating) == 0


@pytest.mark.usefixtures("webhook_key")
def test_row_of_a_lost_key_is_named_and_stops_no_other(
    rotating: Services, connection: Connection, database: Database
) -> None:
    """What no key opens is said with its row at the end; the rest is re-sealed."""
    stranger = Vault([SecretStr(Fernet.generate_key().decode())])
    lost = stranger.seal("x", tenant_id=connection.tenant_id, connection_id=connection.id)
    [(account_id,)] = database.fetch(
        "update pos.accounts set webhook_signature_key = %s where location_id = 'L1' returning id", (lost,)
    )

    with pytest.raises(TokenUnreadable, match=rf"1 rows were re-sealed.*pos\.accounts {account_id}"):
        rotate_keys(rotating)
    with database.transaction() as transaction:
        assert read_grant(transaction, rotating.vault, connection.id).grant is not None
