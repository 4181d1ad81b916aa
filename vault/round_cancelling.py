"""Cancelling a planned round: it never opens, and its holdouts are free for another plan.

Only before it opens: from then on its query holdout answers teams, and a round that has answered is closed
and audited. What its references revealed stays in the ledger of the holdout.
"""

import datetime as dt

from django.db import transaction

from vault import budget, locks, reasons, rounds
from vault.errors import TransitionError
from vault.models import Round
from vault.statuses import RoundStatus


def cancel(*, round: Round, reason: str, actor: str, now: dt.datetime) -> None:
    """PLANNED -> CANCELLED, for a reason that everybody reads.

    Scored references stay as they are. What still waits is answered no more, and the scoring worker's sweeper
    ends it: the admin's process has no right to change a submission.
    """
    line = reasons.checked(reason=reason, error=TransitionError)
    with transaction.atomic():
        locks.hold_round(round_id=round.pk)
        round.refresh_from_db(fields=["status"])
        _check_is_planned(round)
        # An organizer has read them, though no board showed them.
        budget.count_references(round=round, now=now)
        rounds.move(
            round,
            RoundStatus.CANCELLED,
            actor=actor,
            now=now,
            told={"reason": line},
            cancelled_at=now,
            cancelled_reason=line,
        )


def _check_is_planned(round: Round) -> None:
    if round.status == RoundStatus.CANCELLED:
        raise TransitionError(f"the round {round} is cancelled already")
    if round.status != RoundStatus.PLANNED:
        raise TransitionError(
            f"the round {round} is {round.status}: only a planned round can be cancelled, and one that has "
            "opened is closed instead"
        )
