"""Late allowances as everything else reads them: who may still hand in after a round stopped receiving.

An allowance is of one team: some queries until a time. While one is in effect the round stays CLOSING, so
that finals do not lock and no fresh label is opened (docs/adr/0023).
"""

import datetime as dt

from django.db.models import QuerySet

from vault import budget_left
from vault.budget_left import Late
from vault.models import Admission, Benchmark, BudgetEntry, Final, LateAllowance, Round, Team
from vault.statuses import RoundStatus

# The reason of a ledger's entry that reserves a late query: it is not counted with the round's own.
LATE = "late"
# Rounds that may have stopped receiving and whose finals are not locked yet.
NOT_LOCKED = (RoundStatus.OPEN, RoundStatus.CLOSING)


def of(*, admission: Admission) -> Late | None:
    """Count an account's late queries; None if it was never allowed any."""
    allowed = LateAllowance.objects.filter(round=admission.round_id, team=admission.team_id)
    last = allowed.order_by("-pk").first()
    if last is None:
        return None
    charged = budget_left.charged(entries=BudgetEntry.objects.filter(admission=admission))
    return Late(limit=last.limit, used=charged.filter(reason=LATE).count(), until=last.until)


def n_allowed(*, round: Round, accounts: QuerySet[Admission]) -> int:
    """Count the queries that accounts of a round may ask together, late ones too."""
    allowed = LateAllowance.objects.filter(round=round).order_by("pk")
    last = {each.team_id: each.limit for each in allowed}
    return sum(k + last.get(team_id, 0) for team_id, k in accounts.values_list("team", "k"))


def in_effect(*, round: Round, team: Team, now: dt.datetime) -> Late | None:
    """Find the allowance under which a team may still act; all its queries may be used."""
    if round.status not in NOT_LOCKED or not has_stopped(round=round, now=now):
        return None
    if open_beside(round=round) is not None:
        return None
    admission = Admission.objects.filter(round=round, team=team).first()
    late = None if admission is None else of(admission=admission)
    return None if late is None or now >= late.until else late


def open_beside(*, round: Round) -> Round | None:
    """Find another round of the benchmark that is open: nobody is late beside it.

    None opens while an allowance holds its round; but that of a team that is not active holds nothing, and
    the team may become active again.
    """
    others = Round.objects.filter(benchmark=round.benchmark_id, status=RoundStatus.OPEN)
    return others.exclude(pk=round.pk).first()


def has_stopped(*, round: Round, now: dt.datetime) -> bool:
    """Tell whether the round has opened and takes nothing more by itself."""
    return round.status != RoundStatus.OPEN or now >= round.closes_at


def round_for(*, benchmark: Benchmark, team: Team, now: dt.datetime) -> Round | None:
    """Find the round that has stopped receiving and still takes late files of this team."""
    allowed = LateAllowance.objects.filter(
        team=team, round__benchmark=benchmark, round__status__in=NOT_LOCKED, until__gt=now
    )
    last = allowed.select_related("round__panel", "round__benchmark").order_by("-pk").first()
    if last is None or in_effect(round=last.round, team=team, now=now) is None:
        return None
    return last.round


def holding(*, round: Round, now: dt.datetime) -> list[Late]:
    """List the allowances that keep the round from closing.

    One that is used up holds it only for a team that had declared a final before, so that it can declare a
    late file. What waits for its score holds the round in any case. A team that is not active, as each that
    was merged, hands in and declares nothing, so it holds nothing; and so nobody does beside an open round.
    """
    if open_beside(round=round) is not None:
        return []
    acting = LateAllowance.objects.filter(round=round, until__gt=now, team__is_active=True)
    allowed = acting.values("team")
    held = []
    for admission in Admission.objects.filter(round=round, team__in=allowed):
        late = of(admission=admission)
        assert late is not None
        if now < late.until and (late.left or _may_declare(admission)):
            held.append(late)
    return held


def _may_declare(admission: Admission) -> bool:
    final = Final.objects.filter(
        round=admission.round_id, team=admission.team_id, is_declared=True
    ).select_related("submission")
    return any(not each.submission.is_late for each in final)
