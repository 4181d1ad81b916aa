"""Team tokens: random 256-bit bearer secrets with a prefix that scanners find, kept as SHA-256 digests.

The secret is shown once, when it is issued. A plain digest suffices because the secret is random: there
is nothing to guess from, so a slow hash would protect nothing and cost every request.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from vault import journal, locks
from vault.errors import TokenRefusedError, TooManyTokensError, TransitionError
from vault.models import Team, TeamToken

PREFIX = "hv_"
# Enough to tell the tokens of a team apart; 36 of 256 bits help nobody to guess the rest.
SHOWN = len(PREFIX) + 6
READ = "read"
SUBMIT = "submit"
SCOPES = (READ, SUBMIT)
# Of one team; more would be a leak that nobody notices.
MAX_LIVE = 50
# Writing the time of each use would make every read a write.
LAST_USED_PRECISION = dt.timedelta(minutes=1)


@transaction.atomic
def issue(
    *,
    team: Team,
    label: str,
    scopes: Sequence[str],
    expires_at: dt.datetime | None,
    now: dt.datetime,
    made_by: TeamToken | None = None,
    actor: str = "",
) -> tuple[TeamToken, str]:
    """Make a token; give its row and its plain text, which cannot be had again.

    The journal has it from `actor`, who is the team itself if nobody is named.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"scopes are {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
    if expires_at is not None and expires_at <= now:
        raise TokenRefusedError("a token ends in the future", field="expires_at")
    plain = PREFIX + secrets.token_urlsafe(32)
    token = TeamToken.objects.create(
        team=team,
        label=label,
        prefix=plain[:SHOWN],
        digest=digest(plain),
        scopes=sorted(scopes),
        expires_at=expires_at,
        made_by=made_by,
    )
    _enter("token_issued", token, actor=actor, now=now, scopes=token.scopes)
    return token, plain


def authenticate(*, plain: str, now: dt.datetime) -> TeamToken | None:
    """Find the valid token with its team; None if unknown, revoked, expired, or the team is inactive."""
    if not plain.startswith(PREFIX):
        return None
    found = TeamToken.objects.filter(digest=digest(plain), revoked_at=None, team__is_active=True)
    token = found.filter(_lasts_beyond(now)).select_related("team").first()
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_PRECISION:
        TeamToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def live(*, team: Team, now: dt.datetime) -> QuerySet[TeamToken]:
    """Select the team's tokens that are neither revoked nor expired."""
    return TeamToken.objects.filter(_lasts_beyond(now), team=team, revoked_at=None)


def check_room(*, team: Team, now: dt.datetime) -> None:
    """Refuse one more token than a team may have; the caller holds the team's tokens."""
    if live(team=team, now=now).count() >= MAX_LIVE:
        raise TooManyTokensError(f"a team may have {MAX_LIVE} tokens", limit=MAX_LIVE)


def digest(secret: str) -> str:
    """Make what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _lasts_beyond(moment: dt.datetime) -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=moment)


def issue_from(
    *,
    parent: TeamToken,
    label: str,
    scopes: Sequence[str],
    expires_at: dt.datetime | None,
    now: dt.datetime,
) -> tuple[TeamToken, str]:
    """Make a token with at most the scopes and the lifetime of the one that asks for it.

    Raises:
        TokenRefusedError: a scope that the parent has not.
        TooManyTokensError: the team has `MAX_LIVE`.
        TransitionError: the parent has ended meanwhile.
    """
    if not set(scopes) <= set(parent.scopes):
        raise TokenRefusedError("a token cannot give scopes that it has not", field="scopes")
    with _room_beside(parent, now=now) as asking:
        return issue(
            team=asking.team,
            label=label,
            scopes=scopes,
            expires_at=_earlier(expires_at, asking.expires_at),
            now=now,
            made_by=asking,
        )


def rotate(
    *, token: TeamToken, by: TeamToken, grace: dt.timedelta, now: dt.datetime
) -> tuple[TeamToken, str]:
    """Put a successor in the token's place: same scopes and maker, and what it made is the successor's.

    Only the token itself, or one that it descends from, may ask: a short-lived token would else take over a
    lasting one. The successor ends no later than the token and the one that asks, what it takes over no later
    than the successor, and the token itself after the grace.

    Raises:
        TokenRefusedError: the token is neither the one that asks nor made with it.
        TooManyTokensError: the team has `MAX_LIVE`.
        TransitionError: the token, or the one that asks, has ended or was rotated meanwhile.
    """
    with _room_beside(token, by, now=now) as old:
        # Rotated since it was looked at, by another who asked at once.
        if old.expires_at != token.expires_at:
            raise TransitionError("the token was rotated meanwhile")
        if old.pk not in _with_descendants(by):
            raise TokenRefusedError(
                "a token rotates itself and what was made with it, no other: rotate this one with its own "
                "secret, or revoke it and make another",
                field="token_id",
            )
        asking = TeamToken.objects.get(pk=by.pk)
        successor, plain = issue(
            team=old.team,
            label=old.label,
            scopes=old.scopes,
            expires_at=_earlier(old.expires_at, asking.expires_at),
            now=now,
            made_by=old.made_by,
        )
        # By an instant in any case: whoever asks at once sees that it was rotated.
        last = None if old.expires_at is None else old.expires_at - dt.timedelta(microseconds=1)
        TeamToken.objects.filter(pk=old.pk).update(expires_at=_earlier(now + grace, last))
        TeamToken.objects.filter(made_by=old).update(made_by=successor)
        if successor.expires_at is not None:
            taken_over = TeamToken.objects.filter(pk__in=_with_descendants(successor))
            lasting = taken_over.filter(_lasts_beyond(successor.expires_at))
            lasting.update(expires_at=successor.expires_at)
        _enter("token_rotated", old, actor="", now=now, successor=successor.prefix)
    return successor, plain


def _earlier(*ends: dt.datetime | None) -> dt.datetime | None:
    """Find the earliest; None is never."""
    return min((end for end in ends if end is not None), default=None)


def _with_descendants(token: TeamToken) -> set[int]:
    """Find the token, all that it made, and those made."""
    found, last = {token.pk}, {token.pk}
    while last:
        made = TeamToken.objects.filter(made_by__in=last).values_list("pk", flat=True)
        last = set(made) - found
        found |= last
    return found


@contextmanager
def _room_beside(*held: TeamToken, now: dt.datetime) -> Iterator[TeamToken]:
    """Hold the tokens alive, with room for one more in their team, and keep any from ending or coming.

    It yields the first as it is now: what a process remembers of a token may be some seconds old.
    """
    with transaction.atomic():
        locks.hold_team_tokens(team_id=held[0].team_id)
        wanted = {token.pk for token in held}
        found = live(team=held[0].team, now=now).select_related("team").in_bulk(wanted)
        if set(found) != wanted:
            raise TransitionError("the token is revoked or expired")
        check_room(team=held[0].team, now=now)
        yield found[held[0].pk]


@transaction.atomic
def revoke(*, token: TeamToken, now: dt.datetime, actor: str = "") -> int:
    """End the token and all that it made, and those made; return how many ended.

    Whoever found a lost token may have made others with it. A successor by rotation stands in its
    predecessor's place and stays.
    """
    locks.hold_team_tokens(team_id=token.team_id)
    ended = _with_descendants(token)
    n_ended = TeamToken.objects.filter(pk__in=ended, revoked_at=None).update(revoked_at=now)
    if n_ended:
        _enter("token_revoked", token, actor=actor, now=now, n_ended=n_ended)
    return n_ended


def _enter(kind: str, token: TeamToken, *, actor: str, now: dt.datetime, **told: Any) -> None:
    """Enter what happened to a token, which is named by how it begins."""
    team = token.team.name
    journal.append_of_installation(
        kind=kind, actor=actor or team, now=now, team=team, token=token.prefix, **told
    )
