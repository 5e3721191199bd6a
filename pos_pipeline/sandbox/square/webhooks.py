"""How Square signs and delivers webhooks: ten seconds to answer, else eleven more tries within a day."""

import base64
import hashlib
import hmac

from pos_pipeline.sandbox.courier import Delivery, Habits, Target

RETRY_MINUTES = (1, 2, 4, 8, 16, 32, 60, 120, 240, 480, 480)
TIMEOUT_SECONDS = 10.0
SIGNATURE_HEADER = "x-square-hmacsha256-signature"


def sign(signature_key: str, notification_url: str, body: bytes) -> str:
    """Square's signature: HMAC-SHA256 over the subscribed URL and the raw body, base64."""
    mac = hmac.new(signature_key.encode(), notification_url.encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def headers_of(target: Target, delivery: Delivery) -> dict[str, str]:
    """Headers of one attempt; those after the first say their number and what went wrong before."""
    headers = {
        "content-type": "application/json",
        SIGNATURE_HEADER: sign(target.signature_key, target.url, delivery.body),
        "square-environment": "Sandbox",
        "square-initial-delivery-timestamp": delivery.first_sent_at,
    }
    if delivery.attempt:
        headers |= {"square-retry-number": str(delivery.attempt), "square-retry-reason": delivery.reason}
    return headers


HABITS = Habits(headers_of, RETRY_MINUTES, TIMEOUT_SECONDS)
