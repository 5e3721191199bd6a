r"""What jsonb refuses is mended; everything else passes byte for byte."""

import json

import pytest

from pos_pipeline.extract.sanitise import sanitise


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (rb'"a\u0000b"', rb'"a\ufffdb"'),
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\ud83d\ude00\udc00"', rb'"\ufffd\ud83d\ude00\ufffd"'),
        (rb'"\\\u0000\u0000"', rb'"\\\ufffd\ufffd"'),
        (rb'"\uD83d\uDe00\u0000\uDBFFx"', rb'"\uD83d\uDe00\ufffd\ufffdx"'),
    ],
)
def test_refused_escapes_become_the_replacement_character(payload: bytes, expected: bytes) -> None:
    """Only the broken escape changes; its neighbours stay."""
    assert sanitise(payload) == expected


@pytest.mark.parametrize(
    "payload", [rb'"\ud83d\ude00"', rb'"\\u0000"', rb'"\\ud800"', '"café 🥐"'.encode(), rb'"\u00e9"']
)
def test_sound_payloads_are_not_touched(payload: bytes) -> None:
    """An emoji pair, an escaped backslash before `u0000` and plain UTF-8 come back unchanged."""
    assert sanitise(payload) == payload
    assert json.loads(sanitise(payload)) == json.loads(payload)
