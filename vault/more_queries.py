"""Giving an admitted team more queries: its k is raised, and what more answers reveal is reserved anew."""

import datetime as dt

from django.db import transaction

from stats.ledger import MAX_QUERIES
from vault import budget, locks, notices
from vault.errors import ActError
from vault.models import Admission, Round, RoundNotice, Team


@transaction.atomic
def give(
    *, round: Round, team: Team, k: int, reason: str, actor: str, now: dt.datetime
) -> RoundNotice:
    """Raise the team's queries of the round to k in all.

    A total and not a number of further ones, so that of two requests at once the second gives nothing.
    """
    # Shared: files come in meanwhile, but the round neither closes nor is cancelled.
    locks.hold_round_open(round_id=round.pk)
    admission = account(round=round, team=team)
    if obstacle := budget.no_admission(round=round, now=now):
        raise ActError(obstacle)
    if now >= round.closes_at:
        raise ActError("the round has stopped receiving: let the team hand in late instead")
    if not admission.k < k <= MAX_QUERIES:
        raise ActError(
            f"the team has {admission.k:,} queries in this round: give {admission.k + 1:,} to "
            f"{MAX_QUERIES:,} in all",
            field="k",
        )
    reserve(admission=admission, round=round, k=k)
    notice = notices.post(
        round=round,
        team=team,
        kind=RoundNotice.Kind.QUERIES_ADDED,
        reason=reason,
        actor=actor,
        now=now,
        before={"queries": admission.k},
        after={"queries": k},
        reserved_nats=admission.reserved_nats,
    )
    # The database asks for the notice, so it comes first.
    Admission.objects.filter(pk=admission.pk).update(k=k, reserved_nats=admission.reserved_nats)
    return notice


def account(*, round: Round, team: Team) -> Admission:
    """Lock the account's row, as handing in does; `round` becomes what it is now."""
    admission = budget.lock_account(round=round, team=team)
    round.refresh_from_db(fields=["status", "closes_at", "stopped_at"])
    return admission


def reserve(*, admission: Admission, round: Round, k: int) -> None:
    """Compute what k answers can reveal, for the account's row, which the caller has locked and writes.

    Never less than before: what was reserved may have been used.
    """
    if admission.is_blind:
        return
    needed = budget.account_of(round=round).nats(k=k)
    admission.reserved_nats = max(admission.reserved_nats, needed)
