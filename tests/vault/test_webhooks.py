"""Secrets and signatures of webhooks."""

import base64
import datetime as dt
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from config.settings import BASE_DIR
from vault import webhooks
from vault.api import webhook_messages
from vault.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.usefixtures("signing")

ID = uuid.UUID("0195a4f0-6c2d-7e9f-8a11-223344556677")


def test_secret_is_a_key_of_256_bits_that_differs_by_webhook_and_installation(
    settings: Any,
) -> None:
    first = webhooks.secret(webhook=Webhook(pk=ID))
    other = webhooks.secret(webhook=Webhook(pk=uuid.uuid4()))

    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
    assert first == webhooks.secret(webhook=Webhook(pk=ID))
    settings.WEBHOOK_KEY = "another"
    assert len({first, other, webhooks.secret(webhook=Webhook(pk=ID))}) == 3


def test_signature_is_that_of_the_specification() -> None:
    """The algorithm, not our code: HMAC-SHA256 of `id.timestamp.body` with the decoded secret."""
    content = b'{"type":"webhook.test"}'

    signature = webhooks.signature(
        webhook_id=ID, message_id="m-1", timestamp=1_700_000_000, content=content
    )

    key = base64.b64decode(webhooks.secret(webhook=Webhook(pk=ID)).removeprefix("whsec_"))
    expected = hmac.new(key, b"m-1.1700000000." + content, hashlib.sha256).digest()
    assert signature == "v1," + base64.b64encode(expected).decode()


def test_without_a_key_they_are_off(settings: Any) -> None:
    assert webhooks.are_on()
    settings.WEBHOOK_KEY = ""
    assert not webhooks.are_on()


def documented_check() -> Callable[[Mapping[str, str], bytes, str], bool]:
    """The code of docs/webhooks.md, as it stands there."""
    page = (BASE_DIR / "docs/webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    check: Callable[[Mapping[str, str], bytes, str], bool] = names["is_genuine"]
    return check


def test_receiver_of_the_documentation_takes_what_is_signed_and_nothing_else() -> None:
    is_genuine = documented_check()
    delivery = WebhookDelivery(webhook_id=ID)
    content = b'{"type":"webhook.test"}'
    now = dt.datetime.now(dt.UTC)
    headers = webhook_messages.headers(delivery=delivery, content=content, now=now)
    secret = webhooks.secret(webhook=Webhook(pk=ID))
    old = webhook_messages.headers(
        delivery=delivery, content=content, now=now - dt.timedelta(minutes=6)
    )
    two = {**headers, "webhook-signature": "v1,eA== " + headers["webhook-signature"]}
    other = webhooks.secret(webhook=Webhook(pk=uuid.uuid4()))

    assert is_genuine(headers, content, secret)
    assert is_genuine(two, content, secret)
    assert not is_genuine(headers, content + b" ", secret)
    assert not is_genuine(headers, content, other)
    assert not is_genuine(old, content, secret)
    assert not is_genuine({**headers, "webhook-id": "x"}, content, secret)
    moved = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    assert not is_genuine(moved, content, secret)
