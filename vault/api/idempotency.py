"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request sent again is answered again.

A team's key stands for one request: method, path, parameters and content. While that request is in progress
its key is held by an advisory lock of the database session, so that a process that dies lets go of it at
once. What is kept is what will not change: a success, and the verdict on a file. Refusals that may pass
(401, 403, 409, 429) and failures of the service are never kept, and the request is then done anew.
"""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.authentication import get_authorization_header
from rest_framework.request import Request

from vault import locks
from vault.api import bodies, problems, provenance, selectors
from vault.api.problems import ProblemError
from vault.errors import InvalidFileError
from vault.models import IdempotentAnswer, Team

HEADER = "Idempotency-Key"
MAX_KEY = 255
# A string of RFC 9651, or the same without its quotes: most clients leave them out.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
KEPT = dt.timedelta(hours=24)
MARGIN = dt.timedelta(hours=1)
KEPT_HEADERS = ("Content-Type", "Location")
_NONCE_BYTES = 12


def key_of(request: Request) -> str:
    """Read the key of the request, without quotes; empty if it has none; 400 if it cannot be one."""
    text = request._request.headers.get(HEADER)
    if text is None:
        return ""
    quoted = _QUOTED.fullmatch(text.strip())
    key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else text.strip()
    if not is_key(key) or not (quoted or _BARE.fullmatch(key)):
        raise ProblemError("invalid_idempotency_key")
    return key


def is_key(text: str) -> bool:
    return 1 <= len(text) <= MAX_KEY and text.isascii() and text.isprintable()


@dataclass(kw_only=True)
class KeyedRequest:
    """One request and, if it was answered before, that answer."""

    request: Request
    team: Team
    key: str
    earlier: IdempotentAnswer | None
    # Answers that hold a secret are kept under a key that only the caller's token gives.
    is_secret: bool
    kept: dt.timedelta = KEPT
    fingerprint: str = ""

    @property
    def is_known(self) -> bool:
        return self.earlier is not None

    def recognize(self, content: bytes | memoryview = b"", *, form: str = "") -> None:
        """Take the request's content into account; 422 if this key stands for another request.

        What a submission tells of its origin is left out: a pipeline that runs again has another address.
        """
        http = self.request._request
        digest = hashlib.sha256()
        bearer = get_authorization_header(self.request) if self.is_secret else b""
        told = [pair for pair in sorted(http.GET.lists()) if pair[0] not in provenance.DESCRIPTIVE]
        named = (http.method or "", http.path, repr(told), form)
        for part in (*(each.encode("utf-8", "replace") for each in named), bearer, content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        self.fingerprint = digest.hexdigest()
        if self.earlier is not None and self.earlier.fingerprint != self.fingerprint:
            raise ProblemError("idempotency_key_reused")

    def keep_for(self, *, seconds: int) -> None:
        """Keep the answer for as long as that, and a margin, if that is more than a day."""
        self.kept = max(self.kept, dt.timedelta(seconds=seconds) + MARGIN)

    def replay(self) -> HttpResponse:
        assert self.earlier is not None
        body = bytes(self.earlier.body)
        if self.is_secret:
            body = self._cipher().decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], None)
        response = HttpResponse(body, status=self.earlier.status, headers=self.earlier.headers)
        response["Cache-Control"] = "no-store"
        response["Idempotency-Replayed"] = "true"
        return response

    def keep(self, response: HttpResponse) -> HttpResponse:
        """Remember a final answer, if there is a key to remember it by."""
        if self.key:
            body = response.content
            if self.is_secret:
                nonce = secrets.token_bytes(_NONCE_BYTES)
                body = nonce + self._cipher().encrypt(nonce, body, None)
            IdempotentAnswer.objects.update_or_create(
                team=self.team,
                key=self.key,
                defaults={
                    "fingerprint": self.fingerprint,
                    "status": response.status_code,
                    "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
                    "body": body,
                    "expires_at": timezone.now() + self.kept,
                },
            )
        return response

    def _cipher(self) -> AESGCM:
        bearer = get_authorization_header(self.request)
        parts = b"\0".join([b"idempotent answer", bearer, self.key.encode()])
        return AESGCM(hashlib.sha256(parts + self.fingerprint.encode()).digest())


@contextmanager
def once(request: Request, *, is_secret: bool = False) -> Iterator[KeyedRequest]:
    """Hold the request under its key; 409 while another process or thread has the same one in progress.

    An `InvalidFileError` that leaves the block is a verdict on the file, and is kept.
    """
    team, key = selectors.own_team(request), key_of(request)
    lock = locks.of_session(key=(lock_of(team_id=team.pk, key=key),)) if key else nullcontext(True)
    with lock as is_held:
        if not is_held:
            raise ProblemError("idempotency_key_in_use", retry_after=1)
        # Without a key nothing is kept.
        answers = IdempotentAnswer.objects.filter(team=team, expires_at__gt=timezone.now())
        earlier = answers.filter(key=key).first() if key else None
        keyed = KeyedRequest(
            request=request, team=team, key=key, earlier=earlier, is_secret=is_secret
        )
        try:
            yield keyed
        except InvalidFileError as error:
            keyed.keep(problems.of_vault_error(error))
            raise


def idempotent(
    *, is_secret: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorate the `post` of a view whose body is small: a repeated request is answered without it."""

    def decorate(post: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(post)
        def answered(view: Any, request: Request, **named: Any) -> HttpResponse:
            with once(request, is_secret=is_secret) as keyed:
                keyed.recognize(bodies.raw(request))
                if keyed.is_known:
                    return keyed.replay()
                # Done and kept, or neither: what is sent again after a crash is not done twice.
                with transaction.atomic():
                    return keyed.keep(post(view, request, **named))

        return answered

    return decorate


def lock_of(*, team_id: int, key: str) -> int:
    """Make the number of the advisory lock for a key: 64 bits, where all others have 2 x 32."""
    name = hashlib.sha256(f"idempotency key {team_id} {key}".encode()).digest()[:8]
    return int.from_bytes(name, "big", signed=True)
