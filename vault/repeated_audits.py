"""Asking for the audit of a round again. The request is a notice, which the audit worker finds by itself."""

import datetime as dt

from django.db import transaction

from vault import late_allowances, locks, notices
from vault.errors import ActError
from vault.models import Holdout, Round, RoundNotice
from vault.statuses import HoldoutStatus, RoundStatus

AUDITED = (RoundStatus.AUDITED, RoundStatus.PUBLISHED)
# A planned one, too: what is told of its labels before it opens is known to whoever plays it.
ASKING = (RoundStatus.PLANNED, *late_allowances.NOT_LOCKED)


def obstacle(*, round: Round) -> str:
    """Say why the audit is not made again; empty if it can be."""
    if round.status not in AUDITED:
        return f"the round {round} is {round.status}: an audit is repeated once a round is AUDITED"
    query = Holdout.objects.filter(pk=round.query_holdout_id)
    for holdout in query.union(round.fresh_holdouts.all()):
        if holdout.status == HoldoutStatus.DISCLOSED:
            return (
                f"the labels of the holdout {str(holdout.pk)[:8]} are published: anybody can repeat the "
                "figures, and the vault does not open it again"
            )
    return ""


def waits_for(*, round: Round, now: dt.datetime) -> Round | None:
    """Find a round that is, or is to be, answered on labels which the audit would open; it stops first."""
    serving = Round.objects.filter(query_holdout__in=round.fresh_holdouts.all(), status__in=ASKING)
    for each in serving.select_related("benchmark"):
        if each.status != RoundStatus.CLOSING or late_allowances.holding(round=each, now=now):
            return each
    return None


@transaction.atomic
def ask(*, round: Round, reason: str, actor: str, now: dt.datetime) -> RoundNotice:
    """Have the round audited once more, beside the audits that were made. None of them is changed."""
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["status"])
    if why := obstacle(round=round):
        raise ActError(why)
    return notices.post(
        round=round, kind=RoundNotice.Kind.AUDIT_REPEATED, reason=reason, actor=actor, now=now
    )
