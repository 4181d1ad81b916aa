"""Files of references before a round opens: how many there may be, and the record of who handed them in.

Nothing is charged for them, and each is answered: without a limit whoever hands in for a reference could ask
for every query label before a team may ask at all.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from stats.mechanisms import MECHANISMS
from vault import journal, locks, sentences
from vault.errors import TooManyReferencesError
from vault.models import Round, Submission, Team
from vault.statuses import PENDING, SubmissionStatus

# A baseline, a second try after a mistake, and some variants: more files of one team are much alike.
MAX_OF_TEAM = 5
# Four full teams, or twenty of one file. docs/threat-model.md says what so many answers can tell. The
# database's own check of every reference's row has the same numbers.
MAX_OF_HOLDOUT = 20

# Who handed a file in: a program with the team's token, or an organizer in the admin.
TOKEN, ORGANIZER = "token", "organizer"
# Files that are scored, or may still be.
USABLE = (SubmissionStatus.SCORED, *PENDING)
ELSEWHERE = "cancel it and plan one on another query holdout"


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A limit that leaves no room, and how many files there are, in words."""

    limit: int
    reason: str


def of_holdout(*, holdout_id: uuid.UUID) -> QuerySet[Submission]:
    """Find all files of references that asked for its labels, by whichever plan, whatever became of them."""
    return Submission.objects.filter(team__is_reference=True, round__query_holdout=holdout_id)


def n_left(*, holdout_id: uuid.UUID) -> int:
    """Count the files that references may still hand in about a query holdout, all together."""
    return max(0, MAX_OF_HOLDOUT - of_holdout(holdout_id=holdout_id).count())


def reached(*, round: Round, team_id: int) -> Reached | None:
    """Name the limit that keeps the reference from handing in, if any. Failed and cancelled files count."""
    received = of_holdout(holdout_id=round.query_holdout_id)
    n_of_team = received.filter(round=round, team=team_id).count()
    if n_of_team >= MAX_OF_TEAM:
        files = sentences.counted(n=n_of_team, noun="file")
        return Reached(
            limit=MAX_OF_TEAM,
            reason=f"it has handed in {files} to round {round.number}, and one reference may hand in "
            f"{MAX_OF_TEAM}",
        )
    n_of_holdout = received.count()
    if n_of_holdout >= MAX_OF_HOLDOUT:
        counts = received.values_list("round__number").annotate(n=Count("pk"))
        by_round = [f"{n:,} in round {number}" for number, n in counts.order_by("round__number")]
        return Reached(
            limit=MAX_OF_HOLDOUT,
            reason=f"references have handed in {n_of_holdout:,} files about the round's query holdout "
            f"({', '.join(by_round)}), and {MAX_OF_HOLDOUT} are taken",
        )
    return None


def way_on(*, round: Round) -> str:
    """Say what an organizer can do with a planned round of which a reference can hand in no more."""
    received = of_holdout(holdout_id=round.query_holdout_id).filter(round=round)
    if received.filter(status__in=USABLE).exists():
        return f"open the round by hand with the references that are scored, or {ELSEWHERE}"
    if n_left(holdout_id=round.query_holdout_id):
        return "hand in a file of another reference and open the round by hand"
    if MECHANISMS[round.mechanism].needs_baseline:
        return (
            "cancel the round and plan one on another query holdout, as the mechanism "
            f"{round.mechanism} does not open without a baseline"
        )
    return f"open the round by hand without references, or {ELSEWHERE}"


def check_room(*, round: Round, team: Team) -> None:
    """Refuse one more file than is taken; until the transaction ends nobody else adds one of the holdout.

    Cancelled and failed files count, or each would be a free try.
    """
    locks.hold_references(holdout_id=round.query_holdout_id)
    full = reached(round=round, team_id=team.pk)
    if full is not None:
        raise TooManyReferencesError(
            f"the team {team.name} can hand in no more: {full.reason}. Failed and cancelled files count. An "
            f"organizer can {way_on(round=round)}",
            limit=full.limit,
        )


def enter(*, submission: Submission, organizer: str, now: dt.datetime) -> None:
    """Write into the journal what was handed in, and by whom: an organizer's name, or the team's token."""
    journal.append_of_round(
        round=submission.round,
        kind="reference_received",
        actor=organizer or submission.team.name,
        now=now,
        team=submission.team.name,
        submission=str(submission.pk),
        sha256=submission.sha256,
        by=ORGANIZER if organizer else TOKEN,
    )
