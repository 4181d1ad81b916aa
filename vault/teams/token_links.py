"""Links that show a token once: what an organizer sends a team instead of the token itself.

The token is issued when the link is used, so no list, mail or table ever holds it. The secret of a link has
256 random bits, stands behind the `#` of its address, which no log of a server sees, and is kept as a digest.
"""

import datetime as dt
import secrets
import uuid
from typing import Any

from django.db import transaction

from vault import journal, locks
from vault.errors import TokenLinkError, UnknownTokenLinkError
from vault.models import Team, TeamToken, TokenLink
from vault.teams import tokens

PREFIX = "hvl_"
LABEL = "from a one-time link"
# Of the page on the API's site that shows the token.
PAGE = "token/"


@transaction.atomic
def make(
    *,
    team: Team,
    batch: uuid.UUID,
    row: int,
    expires_at: dt.datetime,
    token_expires_at: dt.datetime | None,
    actor: str,
    now: dt.datetime,
) -> str:
    """Make a link and give its secret, which cannot be had again."""
    if expires_at <= now or (token_expires_at is not None and token_expires_at <= expires_at):
        raise ValueError("a link ends in the future, and its token later")
    secret = PREFIX + secrets.token_urlsafe(32)
    TokenLink.objects.create(
        team=team,
        digest=tokens.digest(secret),
        batch=batch,
        row=row,
        scopes=sorted(tokens.SCOPES),
        token_expires_at=token_expires_at,
        made_by=actor,
        made_at=now,
        expires_at=expires_at,
    )
    _enter("token_link_made", team, actor=actor, now=now, ends=expires_at.isoformat())
    return secret


def address(*, api_url: str, secret: str) -> str:
    return f"{api_url.rstrip('/')}/{PAGE}#{secret}"


@transaction.atomic
def redeem(*, secret: str, now: dt.datetime) -> tuple[TeamToken, str]:
    """Make a new token of the link's team, and give its text; the link is used up.

    Raises:
        UnknownTokenLinkError: there is no such link.
        TokenLinkError: it was used, has ended, or its team is not active.
        TooManyTokensError: the team has as many tokens as it may; the link still holds.
    """
    # Two that come at once wait for each other here, and the second finds it used.
    links = TokenLink.objects.select_for_update(of=("self",)).select_related("team")
    link = links.filter(digest=tokens.digest(secret)).first()
    if link is None:
        raise UnknownTokenLinkError(
            "there is no such link: copy all of it, with what stands behind the #"
        )
    if link.used_at is not None:
        raise TokenLinkError(
            f"this link was used on {link.used_at:%d %B %Y at %H:%M} UTC, and shows a token once; if that "
            "was nobody of your team, tell the organizer, who can revoke the token",
            used_at=link.used_at,
        )
    if link.expires_at <= now:
        raise TokenLinkError("this link has ended: ask the organizer for another")
    if not link.team.is_active:
        raise TokenLinkError("the team of this link is not active: ask the organizer")
    locks.hold_team_tokens(team_id=link.team_id)
    tokens.check_room(team=link.team, now=now)
    token, plain = tokens.issue(
        team=link.team,
        label=LABEL,
        scopes=link.scopes,
        expires_at=link.token_expires_at,
        now=now,
    )
    TokenLink.objects.filter(pk=link.pk).update(used_at=now, token=token)
    _enter("token_link_used", link.team, actor=link.team.name, now=now, token=token.prefix)
    return token, plain


@transaction.atomic
def cancel(*, team: Team, actor: str, now: dt.datetime) -> int:
    """End the team's links that were not used; return how many."""
    waiting = TokenLink.objects.filter(team=team, used_at=None, expires_at__gt=now)
    n_ended = waiting.update(expires_at=now)
    if n_ended:
        _enter("token_links_cancelled", team, actor=actor, now=now, n_ended=n_ended)
    return n_ended


def status_of(link: TokenLink, *, now: dt.datetime) -> str:
    if link.used_at is not None:
        return "used"
    return "waits" if link.expires_at > now else "ended"


def _enter(kind: str, team: Team, *, actor: str, now: dt.datetime, **told: Any) -> None:
    journal.append_of_installation(kind=kind, actor=actor, now=now, team=team.name, **told)
