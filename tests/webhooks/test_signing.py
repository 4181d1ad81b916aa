"""Secrets of webhooks and their signatures, as Standard Webhooks and the documentation have them."""

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
from webhooks import messages, signing
from webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.usefixtures("signing")

ID = uuid.UUID("0195a4f0-6c2d-7e9f-8a11-223344556677")
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CONTENT = b'{"type":"webhook.test"}'


def secret(pk: uuid.UUID = ID, version: int = 1) -> str:
    return signing.secret(webhook=Webhook(pk=pk, secret_version=version))


def signed(webhook: Webhook, *, now: dt.datetime = NOW) -> str:
    return signing.signatures(
        webhook=webhook, message_id="m-1", timestamp=1_700_000_000, content=CONTENT, now=now
    )


def expected(secret: str) -> str:
    """The algorithm, not our code: HMAC-SHA256 of `id.timestamp.body` with the decoded secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, b"m-1.1700000000." + CONTENT, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_secret_is_a_key_of_256_bits(settings: Any) -> None:
    assert secret().startswith("whsec_")
    assert len(base64.b64decode(secret().removeprefix("whsec_"), validate=True)) == 32


def test_secret_is_that_of_its_webhook_version_and_installation(settings: Any) -> None:
    first, other, second = secret(), secret(uuid.uuid4()), secret(version=2)

    assert first == secret()
    settings.WEBHOOK_KEY = "another"
    assert len({first, other, second, secret()}) == 4


def test_signature_is_that_of_the_specification() -> None:
    assert signed(Webhook(pk=ID)) == expected(secret())


def test_old_secret_signs_until_its_grace_is_over() -> None:
    webhook = Webhook(pk=ID, secret_version=3, old_secret_until=NOW)
    new, old = expected(secret(version=3)), expected(secret(version=2))

    assert signed(webhook, now=NOW - dt.timedelta(seconds=1)) == f"{new} {old}"
    assert signed(webhook, now=NOW) == new


def documented_check() -> Callable[[Mapping[str, str], bytes, str], bool]:
    """The code of docs/webhooks.md, as it stands there."""
    page = (BASE_DIR / "docs/webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    check: Callable[[Mapping[str, str], bytes, str], bool] = names["is_genuine"]
    return check


def sent(webhook: Webhook, *, ago: dt.timedelta = dt.timedelta()) -> dict[str, str]:
    return messages.headers(
        delivery=WebhookDelivery(webhook=webhook),
        content=CONTENT,
        now=dt.datetime.now(dt.UTC) - ago,
    )


def test_receiver_of_the_documentation_takes_what_is_signed_and_nothing_else() -> None:
    is_genuine = documented_check()
    headers = sent(Webhook(pk=ID))
    moved = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}

    assert is_genuine(headers, CONTENT, secret())
    assert not is_genuine(headers, CONTENT + b" ", secret())
    assert not is_genuine(headers, CONTENT, secret(uuid.uuid4()))
    assert not is_genuine({**headers, "webhook-id": "x"}, CONTENT, secret())
    assert not is_genuine(moved, CONTENT, secret())
    assert not is_genuine(sent(Webhook(pk=ID), ago=dt.timedelta(minutes=6)), CONTENT, secret())


@pytest.mark.parametrize(
    ("grace", "is_old_taken"), [(dt.timedelta(hours=1), True), (dt.timedelta(), False)]
)
def test_receiver_of_the_documentation_lives_through_a_rotation(
    grace: dt.timedelta, is_old_taken: bool
) -> None:
    is_genuine = documented_check()
    until = dt.datetime.now(dt.UTC) + grace
    headers = sent(Webhook(pk=ID, secret_version=2, old_secret_until=until))

    assert is_genuine(headers, CONTENT, secret(version=2))
    assert is_genuine(headers, CONTENT, secret(version=1)) == is_old_taken
