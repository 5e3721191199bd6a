"""How Toast signs and delivers webhooks: two seconds to answer, three attempts in a quarter of an hour."""

import base64
import hashlib
import hmac
from http import HTTPStatus

import msgspec

from pos_pipeline.sandbox.courier import Delivery, Habits, Target, is_delivered

RETRY_MINUTES = (5, 10)
TIMEOUT_SECONDS = 2.0


class _Envelope(msgspec.Struct):
    timestamp: str


def sign(secret: str, body: bytes, timestamp: str) -> str:
    """Toast's signature: HMAC-SHA256 over the raw body followed by the envelope's timestamp, base64."""
    mac = hmac.new(secret.encode(), body + timestamp.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def headers_of(target: Target, delivery: Delivery) -> dict[str, str]:
    """Headers of one attempt, which is numbered from 1. The restaurant is left out of partner events."""
    timestamp = msgspec.json.decode(delivery.body, type=_Envelope).timestamp
    return {
        "content-type": "application/json",
        "user-agent": "Apache-HttpClient/4.5.13 (Java/17.0.9)",
        "accept-encoding": "gzip,deflate",
        "connection": "close",
        "Toast-Attempt-Number": str(delivery.attempt + 1),
        "Toast-Signature": sign(target.signature_key, delivery.body, timestamp),
        **delivery.labels,
    }


def is_final(result: int | str) -> bool:
    """Only no answer, 404, 429 and 5xx are tried again; any other refusal ends it."""
    if isinstance(result, str):
        return False
    is_worth_a_try = result in (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
    return is_delivered(result) or not (is_worth_a_try or result >= HTTPStatus.INTERNAL_SERVER_ERROR)


HABITS = Habits(headers_of, RETRY_MINUTES, TIMEOUT_SECONDS, is_final)
