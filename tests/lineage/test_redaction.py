"""What of a payload may be shown."""

from typing import Any

import pytest

from pos_pipeline.lineage.redaction import HIDDEN, without_people

PERSON = ["Ada", "ADA", "Ada Lovelace", "ada@example.com", "+34 600 100 200", "600100200", "C/ Mayor 3"]


@pytest.mark.parametrize(
    "value",
    [
        {"id": "8Xk_3-a", "version": 3, "state": "COMPLETED", "updated_at": "2026-03-01T12:00:00.123Z"},
        {
            "customer_id": "CUST-1",
            "employee_id": "TM_1",
            "locationGuid": "4f7c",
            "status": "closed",
            "closed": True,
            "amount": 4.5,
        },
        {"total_money": {"amount": 450, "currency": "EUR"}, "quantity": "1.5", "businessDate": 20260301},
        {"line_items": [{"uid": "a", "name": "Barra de pan", "variation_name": "Grande"}]},
        {"selections": [{"displayName": "Flat White", "modifiers": [{"displayName": "Oat milk"}]}]},
        {"note": None, "customer": {}, "tags": []},
    ],
)
def test_what_says_nothing_of_a_person_stays(value: dict[str, Any]) -> None:
    """Ids, codes, times, figures and the names of what was sold are what an explanation needs."""
    assert without_people(value) == value


@pytest.mark.parametrize(
    "field",
    ["buyer_email_address", "note", "name", "display_name", "ticket_name", "reference_id", "firstName", "phone"],
)
@pytest.mark.parametrize("said", PERSON)
def test_what_may_be_a_person_is_hidden(field: str, said: str) -> None:
    """Wherever it stands, and in capitals too."""
    assert without_people({"order": [{field: said}]}) == {"order": [{field: HIDDEN}]}


@pytest.mark.parametrize("said", ["Ada Lovelace", "ada@example.com", "+34 600 100 200", "600100200"])
def test_a_field_nobody_knows_is_hidden_when_it_holds_words(said: str) -> None:
    """A POS may add a field tomorrow; it is not shown before somebody has looked at it."""
    assert without_people({"added_tomorrow": said}) == {"added_tomorrow": HIDDEN}


def test_all_below_a_person_is_hidden() -> None:
    """Also what would be harmless elsewhere: the digits of a card, the id of a loyalty programme."""
    told = {
        "checks": [
            {
                "customer": {"guid": "c1", "firstName": "Ada"},
                "payments": [{"last4Digits": "1111", "first6Digits": "535316"}],
            }
        ],
        "card_details": {"card": {"last_4": "1111", "card_brand": "VISA", "fingerprint": "sq-1-abc"}},
    }

    assert without_people(told) == {
        "checks": [{"customer": HIDDEN, "payments": [{"last4Digits": HIDDEN, "first6Digits": HIDDEN}]}],
        "card_details": {"card": {"last_4": HIDDEN, "card_brand": "VISA", "fingerprint": HIDDEN}},
    }
