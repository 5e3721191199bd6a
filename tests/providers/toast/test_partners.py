"""Who has connected, and with which code."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fakes.toast_kitchen import RESTAURANT, Kitchen

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Answer, Claim, Grant
from pos_pipeline.providers.toast import PROVIDER
from pos_pipeline.providers.toast.settings import ToastSettings

PATH = "/partners/v1/connectedRestaurants"
CODE = "ABCD-EFGH-JKLM-NPQR"


def row(guid: str = RESTAURANT, **changes: Any) -> dict[str, Any]:
    """A connected restaurant as Toast lists it."""
    return {
        "restaurantGuid": guid,
        "managementGroupGuid": None,
        "deleted": False,
        "restaurantName": "Larkspur",
        "externalGroupRef": None,
        "externalRestaurantRef": CODE,
        "createdDate": 1_789_000_000_000,
        "createdByEmailAddress": "mina@example.com",
    } | changes


def claims(*pages: list[Any]) -> tuple[list[Claim], Kitchen]:
    """What is read from these pages."""

    def answer(query: Mapping[str, Any]) -> Answer:
        number = int(query.get("pageToken", "p0")[1:])
        following = f"p{number + 1}" if number + 1 < len(pages) else None
        return Answer(json.dumps({"results": pages[number], "nextPageToken": following}).encode(), {})

    kitchen = Kitchen(answers={PATH: answer}, attributes={})
    return list(PROVIDER.claims(ToastSettings(), kitchen)), kitchen


def guid(number: int) -> str:
    """A restaurant's GUID."""
    return f"{number:08d}-2a8e-4c55-9d0f-6f0a1b2c3d4e"


def test_code_and_restaurant_become_a_claim() -> None:
    """The grant holds no token: it is the integration's. Who typed the code is not kept."""
    found, _ = claims([row()])

    assert found == [
        Claim(CODE, Grant(RESTAURANT, "", attributes={"restaurant": RESTAURANT, "merchant_name": "Larkspur"}))
    ]


def test_list_is_read_to_its_end() -> None:
    """Page tokens are followed until there is none."""
    found, kitchen = claims([row(guid(1))], [], [row(guid(2))])

    assert [claim.grant.merchant_id for claim in found] == [guid(1), guid(2)]
    assert [query.get("pageToken") for _, query in kitchen.asked] == [None, "p1", "p2"]
    assert {query["pageSize"] for _, query in kitchen.asked} == {200}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"externalGroupRef": "GROUP"}, [CODE, "GROUP"]),
        ({"externalGroupRef": CODE}, [CODE]),
        ({"externalRestaurantRef": None, "externalGroupRef": CODE}, [CODE]),
        ({"externalRestaurantRef": "", "externalGroupRef": None}, [""]),
        ({"deleted": True}, []),
        ({"deleted": None}, [CODE]),
        ({"restaurantGuid": "../../x"}, []),
        ({"restaurantGuid": 7}, []),
        ({"restaurantName": None}, [CODE]),
    ],
)
def test_what_was_typed_where(changes: dict[str, Any], codes: list[str]) -> None:
    """Location ID and Group ID both count; without either the restaurant is there all the same, if it is one."""
    found, _ = claims([row(**changes)])

    assert [claim.code for claim in found] == codes


def test_odd_row_does_not_hide_the_others() -> None:
    """One restaurant that cannot be understood keeps nobody else from being linked."""
    found, _ = claims([None, row(guid(1), externalGroupRef=7), row(guid(2))])

    assert [claim.grant.merchant_id for claim in found] == [guid(2)]


def test_list_that_goes_round_in_circles_is_refused() -> None:
    """A token that comes again would be followed for ever."""
    same = Answer(b'{"results":[],"nextPageToken":"p1"}', {})
    kitchen = Kitchen(answers={PATH: lambda _: same})

    with pytest.raises(UnexpectedPayload, match="same page token again and again"):
        PROVIDER.claims(ToastSettings(), kitchen)
