"""Planned rounds that open by themselves, and why one does not.

A round whose plan names reference teams opens once its time has come and each of them has a scored file; a
round that names none is opened by an organizer, who alone knows which references are still to come.
"""

import datetime as dt
import logging

from stats.mechanisms import MECHANISMS
from vault import conveyor, rounds, sentences
from vault.errors import TransitionError
from vault.models import Round, Submission, Team
from vault.references import files as reference_files
from vault.statuses import PENDING, RoundStatus, SubmissionStatus

logger = logging.getLogger(__name__)

# What was said of a round last: a sweep comes every few seconds, and says nothing twice.
_said: dict[int, str] = {}


def open_what_is_due(*, now: dt.datetime) -> None:
    """Open each planned round whose time has come, or warn why it stays closed."""
    for round in due(now=now):
        reason = obstacle(round=round, now=now) or _opened_or_why_not(round, now=now)
        if reason and _said.get(round.pk) != reason:
            logger.warning("%s does not open by itself: %s", round, reason)
        _said[round.pk] = reason


def due(*, now: dt.datetime) -> list[Round]:
    """Planned rounds whose time has come, the first announced first."""
    planned = Round.objects.filter(status=RoundStatus.PLANNED, opens_at__lte=now)
    return list(planned.select_related("benchmark", "query_holdout").order_by("opens_at", "pk"))


def obstacle(*, round: Round, now: dt.datetime) -> str:
    """Say why a planned round would not open by itself now, apart from its time; empty if it would."""
    if now >= round.closes_at:
        return "its end has passed, so it cannot open any more: cancel it and plan another"
    if unjudged := conveyor.unjudged(round=round):
        return unjudged
    if not round.named_references:
        return f"no references were named when it was planned, so an organizer opens it{_hopeless(round)}"
    serving = Round.objects.filter(benchmark=round.benchmark_id, status=RoundStatus.OPEN).first()
    if serving is not None:
        return f"the round {serving} is still open, and a benchmark has one open round"
    return _unsettled(round)


def waits_for_teams(*, round: Round, now: dt.datetime) -> str:
    """Say from when on teams hand in, of a round that is open before its announced time; else nothing."""
    if round.status != RoundStatus.OPEN or round.opens_at <= now:
        return ""
    return f"teams hand in from {sentences.moment(at=round.opens_at, now=now)}"


def status(*, round: Round, now: dt.datetime) -> str:
    """Give a round's status as people read it: OPEN is not yet open to teams before the announced time."""
    waits = waits_for_teams(round=round, now=now)
    return f"{round.status}, {waits}" if waits else str(round.status)


def named(*, round: Round) -> list[str]:
    """Name the references that the plan named, in its order; the first is the baseline."""
    names = dict(Team.objects.filter(pk__in=round.named_references).values_list("pk", "name"))
    return [names[team_id] for team_id in round.named_references]


def _unsettled(round: Round) -> str:
    """Say which reference still keeps the round waiting; empty if none does."""
    received = Submission.objects.filter(round=round, team__is_reference=True)
    pending = received.filter(status__in=PENDING).select_related("team").order_by("pk").first()
    if pending is not None:
        return f"the file of the reference {pending.team.name} is still being scored"
    handed_in = set(received.values_list("team_id", flat=True))
    scored = set(received.filter(status=SubmissionStatus.SCORED).values_list("team_id", flat=True))
    for team_id, name in zip(round.named_references, named(round=round), strict=True):
        if team_id in scored:
            continue
        lacks, then = f"the reference {name} has handed in no file", ""
        if team_id in handed_in:
            lacks = f"no file of the reference {name} could be scored"
            then = ": hand in another one"
        full = reference_files.reached(round=round, team_id=team_id)
        if full is not None:
            then = f", and {full.reason}: {reference_files.way_on(round=round)}"
        return lacks + then
    return ""


def _hopeless(round: Round) -> str:
    """Say of a round that names none that no reference can come any more, though its mechanism needs one."""
    received = Submission.objects.filter(round=round, team__is_reference=True)
    if (
        not MECHANISMS[round.mechanism].needs_baseline
        or reference_files.n_left(holdout_id=round.query_holdout_id)
        or received.filter(status__in=reference_files.USABLE).exists()
    ):
        return ""
    return (
        "; but its query holdout takes no more files of references: "
        f"{reference_files.way_on(round=round)}"
    )


def _opened_or_why_not(round: Round, *, now: dt.datetime) -> str:
    """Open a round in whose way nothing stands, or say why that was refused; empty if it is open."""
    try:
        rounds.open_round(round=round, references=None, actor=rounds.SYSTEM, now=now)
    except TransitionError as error:
        # Another sweeper or an organizer may have been quicker; then there is nothing to say.
        round.refresh_from_db(fields=["status"])
        return error.message if round.status == RoundStatus.PLANNED else ""
    logger.info("%s has opened by itself", round)
    return ""
