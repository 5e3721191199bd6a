"""Which host a domain prefix may lead to, and what the environment must say."""

from urllib.parse import urlsplit

import pytest

from pos_pipeline.errors import InvalidRequest, Misconfigured, UnexpectedPayload
from pos_pipeline.provider import Grant
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.providers.lightspeed.settings import LightspeedSettings, checked_prefix
from pos_pipeline.settings import load_settings

ATTACKS = [
    "",
    "evil.example",
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "user@evil.example",
    "evil\\",
    "a/../b",
    "127.0.0.1:80",
    "[::1]",
    "..",
    "-a",
    "a-",
    "A",
    "shop\n",
    "shop\r\nHost: evil.example",
    " shop",
    "shop%2eevil",
    "shòp",
    "\uff53hop",
    "{domain_prefix}",
    "a" * 64,
]


@pytest.mark.parametrize("prefix", ATTACKS)
def test_prefix_that_leads_elsewhere_is_refused_everywhere(prefix: str) -> None:
    """From a callback, a form or a row: no host is built of it, nothing is sent, and it is not repeated."""
    app = LightspeedSettings(client_id="id", client_secret="secret")
    grant = Grant(prefix, "access", "refresh")

    with pytest.raises(UnexpectedPayload) as callback:
        PROVIDER.exchange(app, {"code": "c", "domain_prefix": prefix}, "https://pos.example/callback")
    with pytest.raises(InvalidRequest) as refreshed:
        PROVIDER.refresh(app, grant)
    with pytest.raises(Misconfigured) as row:
        PROVIDER.base_url(app, {"domain_prefix": prefix})
    with pytest.raises(InvalidRequest):
        PROVIDER.dashboard_url(app, prefix)
    if prefix != "A":  # typed by a person, capitals are meant well
        with pytest.raises(InvalidRequest):
            PROVIDER.from_credentials(app, {"domain_prefix": prefix, "access_token": "t"})
    assert not [error for error in (callback, refreshed, row) if "evil" in str(error.value)]


@pytest.mark.parametrize("prefix", ["a", "panaderia-sol", "7elf", "a" * 63, "xn--panadera-j2a"])
def test_prefix_is_one_label_of_a_host(prefix: str) -> None:
    """Whatever DNS allows there."""
    assert checked_prefix(prefix) == prefix
    url = PROVIDER.base_url(LightspeedSettings(), {"domain_prefix": prefix})
    assert url == f"https://{prefix}.retail.lightspeed.app"
    assert urlsplit(PROVIDER.dashboard_url(LightspeedSettings(), prefix)).hostname == urlsplit(url).hostname


def test_connection_without_a_prefix_is_said() -> None:
    """There is no host without it; whether Lightspeed is up at all, the page for consent shows."""
    with pytest.raises(Misconfigured, match="link the till again"):
        PROVIDER.base_url(LightspeedSettings(), {"registers": "2"})
    assert PROVIDER.base_url(LightspeedSettings(), {}) == "https://secure.retail.lightspeed.app/connect"


def test_base_url_must_have_a_place_for_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every merchant's token would go to one host."""
    monkeypatch.setenv("LIGHTSPEED_BASE_URL", "https://retail.lightspeed.app")

    with pytest.raises(Misconfigured, match="LIGHTSPEED_BASE_URL"):
        load_settings(LightspeedSettings)


def test_other_braces_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is no format string."""
    monkeypatch.setenv("LIGHTSPEED_BASE_URL", "http://127.0.0.1:9/{domain_prefix}/{0.__class__}")

    base_url = PROVIDER.base_url(load_settings(LightspeedSettings), {"domain_prefix": "a"})
    assert base_url == "http://127.0.0.1:9/a/{0.__class__}"


@pytest.mark.parametrize(("registers", "allowed"), [("", 350), ("1", 350), ("3", 950), ("40", 12050), ("0", 350)])
def test_budget_stays_within_the_fixed_window(registers: str, allowed: int) -> None:
    """What the bucket holds and what flows in during any five minutes is never more than Lightspeed counts."""
    [budget] = PROVIDER.budgets({"registers": registers} if registers else {})

    spent = budget.capacity + budget.per_second * 300
    assert allowed * 0.9 < spent <= allowed
    assert budget.path_prefix == ""


@pytest.mark.parametrize("registers", ["many", "-3", "1e9", "²"])
def test_unknown_number_of_registers_counts_as_one(registers: str) -> None:
    """Too slow is better than refused."""
    assert PROVIDER.budgets({"registers": registers}) == PROVIDER.budgets({})


def test_scopes_are_those_of_streams_and_webhooks() -> None:
    """Nothing is asked for that is not read, and nothing that writes but to register webhooks."""
    assert PROVIDER.scopes == (
        "sales:read",
        "products:read",
        "customers:read",
        "users:read",
        "outlets:read",
        "registers:read",
        "payment_types:read",
        "taxes:read",
        "retailer:read",
        "webhooks",
    )
