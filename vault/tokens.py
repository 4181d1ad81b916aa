"""Team tokens: random 256-bit bearer secrets with a prefix that scanners find, kept as SHA-256 digests.

The secret is shown once, when it is issued. A plain digest suffices because the secret is random: there
is nothing to guess from, so a slow hash would protect nothing and cost every request.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.db.models import Q

from vault.models import Team, TeamToken

PREFIX = "hv_"
SHOWN = len(PREFIX) + 6
READ = "read"
SUBMIT = "submit"
SCOPES = (READ, SUBMIT)
# Writing the time of each use would make every read a write.
LAST_USED_PRECISION = dt.timedelta(minutes=1)


def issue(
    *,
    team: Team,
    label: str,
    scopes: Sequence[str],
    expires_at: dt.datetime | None,
    now: dt.datetime,
) -> tuple[TeamToken, str]:
    """The token's row and its plain text, which cannot be had again."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"scopes are {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
    if expires_at is not None and expires_at <= now:
        raise ValueError("expires_at must lie in the future")
    plain = PREFIX + secrets.token_urlsafe(32)
    token = TeamToken.objects.create(
        team=team,
        label=label,
        prefix=plain[:SHOWN],
        digest=_digest(plain),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    return token, plain


def authenticate(*, plain: str, now: dt.datetime) -> TeamToken | None:
    """The valid token with its team, or None: unknown, revoked, expired, or its team inactive."""
    if not plain.startswith(PREFIX):
        return None
    token = (
        TeamToken.objects.filter(digest=_digest(plain), revoked_at=None, team__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .select_related("team")
        .first()
    )
    if token is not None:
        _note_use(token, now=now)
    return token


def revoke(*, token: TeamToken, now: dt.datetime) -> None:
    TeamToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def _note_use(token: TeamToken, *, now: dt.datetime) -> None:
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_PRECISION:
        TeamToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
