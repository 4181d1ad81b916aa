"""Two teams that are one: who stands for whom in a round, for all that counts, ranks and judges.

A merge is a link: nothing of the absorbed team is moved to the kept one. What adds up is added up where it
is read, in the rounds that were planned or open at the time of the act, and in no earlier one.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from stats.metrics import METRICS
from vault.models import Admission, Final, Release, Round, Submission, Team, TeamMerge


def kept_of(*, round: Round) -> dict[int, int]:
    """Map each team that is absorbed in the round to the one that stands for it."""
    merges = TeamMerge.objects.filter(rounds=round)
    return dict(merges.order_by("pk").values_list("absorbed_id", "kept_id"))


def names_absorbed(*, round: Round) -> dict[int, list[str]]:
    """Name, by the team that stands for them, those that are absorbed in the round, in their order."""
    found: dict[int, list[str]] = {}
    merges = TeamMerge.objects.filter(rounds=round).order_by("pk")
    for kept_id, name in merges.values_list("kept_id", "absorbed__name"):
        found.setdefault(kept_id, []).append(name)
    return found


def one_with(team: Team, *, via: str = "") -> Q:
    """Select rows of the team and, in their rounds, of those that it stands for.

    `via` leads from a row to what has its `team` and `round`, such as `submission__`.
    """
    absorbed = TeamMerge.objects.filter(
        kept=team, absorbed=OuterRef(f"{via}team_id"), rounds=OuterRef(f"{via}round_id")
    )
    return Q(**{f"{via}team": team}) | Q(Exists(absorbed))


def accounts(*, round: Round, team: Team) -> QuerySet[Admission]:
    """Find the team's account in a round, and those of the teams that it stands for, in one order."""
    return Admission.objects.filter(one_with(team), round=round).order_by("pk")


def into(team: Team) -> Team | None:
    """Find the team that stands for this one; None: it was not merged."""
    merge = TeamMerge.objects.select_related("kept").filter(absorbed=team).first()
    return None if merge is None else merge.kept


def is_joined() -> Exists:
    """Tell of a submission whether its team stands for another in its round."""
    return Exists(TeamMerge.objects.filter(kept=OuterRef("team_id"), rounds=OuterRef("round_id")))


def finals_of(*, round: Round) -> QuerySet[Final]:
    """Find the round's finals; what an absorbed team had declared counts no more."""
    absorbed = TeamMerge.objects.filter(rounds=round).values("absorbed")
    return Final.objects.filter(round=round).exclude(team__in=absorbed)


def undeclared_finals(
    *, round: Round, scored: Iterable[Submission], incumbents: Collection[Any]
) -> dict[int, Submission]:
    """Choose, for each team, its last accepted improvement, else its latest file.

    Of the improvements of two that are one: the better released, never the better raw one; of equal ones,
    or where no value is released, the kept team's. Their latest file is the one that was handed in last.
    """
    stands_for = kept_of(round=round)
    metric = METRICS[round.benchmark.primary_metric]
    joined = {*stands_for, *stands_for.values()}
    of_joined = Release.objects.filter(
        submission__round=round,
        submission__team__in=joined,
        submission__in=incumbents,
        transcript=round.transcript,
    )
    released = {each.submission_id: each.released for each in of_joined}

    def place(each: Submission) -> tuple[Any, ...]:
        if each.team_id not in joined:
            return (each.pk in incumbents, each.sequence)
        is_own = each.team_id not in stands_for
        if each.pk not in incumbents:
            return (False, each.submitted_at, is_own, each.sequence)
        value = released.get(each.pk)
        told = float("-inf") if value is None else metric.orient(value)
        return (True, told, is_own, each.sequence)

    chosen: dict[int, Submission] = {}
    for each in scored:
        team_id = stands_for.get(each.team_id, each.team_id)
        if team_id not in chosen or place(each) > place(chosen[team_id]):
            chosen[team_id] = each
    return chosen
