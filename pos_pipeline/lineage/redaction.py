"""Payloads without people: what is not known to be harmless is not shown.

POS hide persons in ever new fields, so this allows and does not forbid: numbers, ids, times, codes in capitals and
the names of what was sold stay; every other text, and all below a field that is about a person, becomes `***`.
"""

import re
from typing import Any

HIDDEN = "***"

_PERSONAL = re.compile(
    r"customer(?!_?id$)|buyer|recipient|guest|delivery|fulfil|shipping|phone|e?mail|address|contact|cardholder"
    r"|last_?4|digits|fingerprint|^bin$|note|signature|reference|first_?name|last_?name|birth|(employee|user)(?!_?id$)",
    re.IGNORECASE,
)
_ID = re.compile(r"(^|_)u?(id|guid)s?$|Id$|Guid$|^load_id$")
_CODE_KEY = re.compile(r"(^|_)(status|state|type|source|version)$|(Status|State|Type)$")
_NAME_KEYS = frozenset({"name", "variation_name", "displayName", "product_name"})
_SOLD = frozenset(
    {
        "line_items",
        "return_line_items",
        "selections",
        "modifiers",
        "taxes",
        "discounts",
        "service_charges",
        "appliedDiscounts",
        "appliedTaxes",
        "appliedServiceCharges",
    }
)
"""Lists whose entries are goods, taxes and the like; a `name` in them is no person's."""
_TOKEN = re.compile(r"[\w.:+/=-]{1,80}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
_NUMBER = re.compile(r"-?(\d{1,6}|\d+\.\d+)")


def without_people(payload: Any) -> Any:
    """A copy of a JSON value in which nothing says who the customer or the cashier was."""
    return _shown(payload, "", "")


def _shown(value: Any, key: str, holder: str) -> Any:
    if _PERSONAL.search(key):
        return HIDDEN if value not in (None, [], {}) else value
    if isinstance(value, dict):
        return {name: _shown(one, name, key) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one, key, holder) for one in value]
    if isinstance(value, str) and not _is_harmless(value, key, holder):
        return HIDDEN
    return value


def _is_harmless(text: str, key: str, holder: str) -> bool:
    if "name" in key.lower():
        return key in _NAME_KEYS and holder in _SOLD
    if _ID.search(key) or _CODE_KEY.search(key):
        return _TOKEN.fullmatch(text) is not None
    return any(shape.fullmatch(text) for shape in (_TIME, _CODE, _NUMBER)) or not text
