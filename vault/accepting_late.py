"""Accepting late: an organizer lets one team hand in after the end, or takes that back.

Only while the round is OPEN or CLOSING: afterwards finals are locked, and statuses never go back. So whoever
is to be late is let in before the last file of the round is scored, and the round waits as CLOSING.
"""

import datetime as dt

from django.db import transaction

from vault import fresh_openings, late_allowances, locks, more_queries, notices
from vault.budget_left import Late
from vault.errors import ActError
from vault.models import Admission, LateAllowance, Round, RoundNotice, Team
from vault.statuses import RoundStatus

# After the round's end. Everybody waits for whoever is late: a longer time is a year with a digit too many.
MAX_LATE = dt.timedelta(days=366)


def obstacle(*, round: Round) -> str:
    """Say why nobody can be let in late; empty if somebody can."""
    if round.status in late_allowances.NOT_LOCKED:
        return ""
    if round.status == RoundStatus.PLANNED:
        return f"the round {round} has not opened: nobody is late yet"
    return (
        f"the round {round} is {round.status}: a team is let in late while a round is OPEN or CLOSING, "
        "before finals lock and its audit begins"
    )


@transaction.atomic
def allow(
    *,
    round: Round,
    team: Team,
    n_queries: int,
    until: dt.datetime,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> LateAllowance:
    """Let the team hand in up to so many files between the round's end and a later time."""
    admission, before = _held(round, team)
    if why := obstacle(round=round):
        raise ActError(why)
    if before is not None and before.left and now < before.until:
        raise ActError(
            f"the team {team} may hand in late already: withdraw that first", field="team"
        )
    _check(round, n_queries, until, now=now)
    fresh_openings.check_none(round=round, act="A team is let in late")
    used = 0 if before is None else before.used
    more_queries.reserve(admission=admission, round=round, k=admission.k + used + n_queries)
    notice = notices.post(
        round=round,
        team=team,
        kind=RoundNotice.Kind.LATE_ALLOWED,
        reason=reason,
        actor=actor,
        now=now,
        after={"queries": n_queries, "until": notices.written(until)},
        reserved_nats=admission.reserved_nats,
    )
    made = LateAllowance.objects.create(
        notice=notice, round=round, team=team, n_queries=n_queries, used_before=used, until=until
    )
    # The database asks for the allowance, so it comes first.
    Admission.objects.filter(pk=admission.pk).update(reserved_nats=admission.reserved_nats)
    return made


@transaction.atomic
def withdraw(
    *, round: Round, team: Team, reason: str, actor: str, now: dt.datetime
) -> LateAllowance:
    """End the team's allowance. What it handed in late stays, and so does what was reserved for it.

    Of a team that is not active any more, or was merged, too: nobody is let in by this.
    """
    # Alone: neither does the round close, nor is a late file taken in, meanwhile.
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["status"])
    admission = Admission.objects.filter(round=round, team=team).first()
    late = None if admission is None else late_allowances.of(admission=admission)
    if round.status not in late_allowances.NOT_LOCKED or late is None or now >= late.until:
        raise ActError(f"the team {team} may not hand in late to {round}", field="team")
    notice = notices.post(
        round=round,
        team=team,
        kind=RoundNotice.Kind.LATE_WITHDRAWN,
        reason=reason,
        actor=actor,
        now=now,
        before={"queries": late.left, "until": notices.written(late.until)},
    )
    return LateAllowance.objects.create(
        notice=notice, round=round, team=team, n_queries=0, used_before=late.used, until=now
    )


def _held(round: Round, team: Team) -> tuple[Admission, Late | None]:
    """Hold round and account: neither closes, nor is a late file taken in, meanwhile."""
    locks.hold_round(round_id=round.pk)
    admission = more_queries.account(round=round, team=team)
    return admission, late_allowances.of(admission=admission)


def _check(round: Round, n_queries: int, until: dt.datetime, *, now: dt.datetime) -> None:
    if not 1 <= n_queries <= round.total_limit:
        raise ActError(
            f"a team has 1 to {round.total_limit:,} late queries in this round", field="n_queries"
        )
    stops_at = (round.stopped_at or round.closes_at).astimezone(dt.UTC)
    if until <= max(now, stops_at):
        end = f"{stops_at:%Y-%m-%d %H:%M}"
        raise ActError(
            f"the time must lie ahead, and after the round's end, {end} UTC", field="until"
        )
    if until - stops_at > MAX_LATE:
        raise ActError(
            f"a team is late by {MAX_LATE.days} days after the round's end at most, and everybody waits "
            f"for it: give a time until {stops_at + MAX_LATE:%Y-%m-%d %H:%M} UTC",
            field="until",
        )
    if (other := late_allowances.open_beside(round=round)) is not None:
        raise ActError(
            f"round {other.number} is open, and a file of the team could be meant for either"
        )
