"""Files of references before a round opens: how many there may be, and the record of who handed them in.

Nothing is charged for them, and each is answered. So without a limit whoever holds a reference's token, or
hands in for one, could ask for every query label before a team may ask at all.
"""

import datetime as dt

from vault import journal, locks
from vault.errors import TooManyReferencesError
from vault.models import Round, Submission, Team
from vault.statuses import NEVER_OPENED

# A baseline, a second try after a mistake, and some variants: what more files of one team add to a comparison
# is little, since they are much alike.
MAX_OF_TEAM = 5
# Four full teams, or twenty of one file. Each answer tells at most seven bits or so: twenty are far from the
# labels of an ordinary holdout. The database's own check of what the admin hands in has the same numbers.
MAX_OF_HOLDOUT = 20

# Who handed a file in: a program with the team's token, or an organizer in the admin.
TOKEN, ORGANIZER = "token", "organizer"


def check_room(*, round: Round, team: Team) -> None:
    """Refuse one more file than is taken; until the transaction ends nobody else adds one to this round.

    Cancelled and failed files count, or each would be a free try. So do those of cancelled rounds of the
    same query holdout: its labels are asked for, whichever plan asks.
    """
    locks.hold_references(round_id=round.pk)
    received = Submission.objects.filter(team__is_reference=True)
    if received.filter(round=round, team=team).count() >= MAX_OF_TEAM:
        raise TooManyReferencesError(
            f"the reference {team.name} has handed in {MAX_OF_TEAM} files to round {round.number}, as many "
            "as one reference may: what was handed in stays, and failed and cancelled files count. Open the "
            "round by hand (“Open the round”) to choose another of them as the baseline, or cancel the round "
            "and plan it again",
            limit=MAX_OF_TEAM,
        )
    of_holdout = received.filter(
        round__query_holdout=round.query_holdout_id, round__status__in=NEVER_OPENED
    )
    if of_holdout.count() >= MAX_OF_HOLDOUT:
        raise TooManyReferencesError(
            f"references have handed in {MAX_OF_HOLDOUT} files to round {round.number} and cancelled rounds "
            "of its query holdout, as many as they may together: failed and cancelled files count. Open the "
            "round with one of them as the baseline (“Open the round”), or plan a round with another query "
            "holdout",
            limit=MAX_OF_HOLDOUT,
        )


def enter(*, submission: Submission, organizer: str, now: dt.datetime) -> None:
    """Write into the journal what was handed in, and by whom: an organizer's name, or the team's token."""
    journal.append(
        benchmark_id=submission.round.benchmark_id,
        kind="reference_received",
        actor=organizer or submission.team.name,
        payload={
            "round": submission.round.number,
            "team": submission.team.name,
            "submission": str(submission.pk),
            "sha256": submission.sha256,
            "by": ORGANIZER if organizer else TOKEN,
        },
        now=now,
    )
