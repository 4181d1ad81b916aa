"""The secrets of webhooks, and what they sign.

Each is derived from one key of the installation, the webhook's id and a version, so that none is stored. A
rotation counts the version on; for a while messages are signed with the secret before it as well.

Source: Standard Webhooks 1.0.0 (standardwebhooks.com), symmetric signatures.
"""

import base64
import datetime as dt
import hashlib
import hmac

from django.conf import settings

from webhooks.models import Webhook

# What scanners for lost secrets look for.
PREFIX = "whsec_"


def secret(*, webhook: Webhook) -> str:
    """Write it as receivers configure it: `whsec_` and the key of 256 bits in base64."""
    return PREFIX + base64.b64encode(_key(webhook, webhook.secret_version)).decode()


def signatures(
    *, webhook: Webhook, message_id: str, timestamp: int, content: bytes, now: dt.datetime
) -> str:
    """Write `webhook-signature`: `v1,` and an HMAC-SHA256 of id, time and content, for each valid secret."""
    signed = f"{message_id}.{timestamp}.".encode() + content
    versions = [webhook.secret_version]
    if webhook.old_secret_until is not None and now < webhook.old_secret_until:
        versions.append(webhook.secret_version - 1)
    digests = [hmac.digest(_key(webhook, version), signed, hashlib.sha256) for version in versions]
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def _key(webhook: Webhook, version: int) -> bytes:
    # With a name, so that whatever else is derived from this key can never be a webhook's secret.
    named = b"holdout vault webhook %b %d" % (webhook.pk.bytes, version)
    return hmac.digest(settings.WEBHOOK_KEY.encode(), named, hashlib.sha256)
