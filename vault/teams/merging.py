"""Merge two teams: an organizer's act that says two accounts were one, and that nothing undoes.

A link is added and nothing is moved. In every round that is planned or open the absorbed team's queries,
accepts and nats count for the kept one; its waiting files are still scored, in its own order and before
any later one of the kept team; its tokens, links and webhooks end.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from vault import journal, locks, merged_teams, sentences, unranking
from vault.errors import MergeError
from vault.models import Admission, Round, Team, TeamMerge, TeamToken
from vault.statuses import COMING, RoundStatus
from vault.teams import token_links

# Between the end of a round and its publication it is out of anybody's hands who is judged.
BEING_JUDGED = (RoundStatus.CLOSING, RoundStatus.CLOSED, RoundStatus.AUDITED)


@transaction.atomic
def merge(*, absorbed: Team, kept: Team, reason: str, actor: str, now: dt.datetime) -> TeamMerge:
    """Let `kept` stand for `absorbed` from now on.

    Raises:
        MergeError: one of them cannot be merged, now or ever; `field` names it.
    """
    line = sentences.checked_reason(reason=reason, error=MergeError)
    rounds = _held(absorbed, kept)
    check(absorbed=absorbed, kept=kept)
    made = TeamMerge.objects.create(absorbed=absorbed, kept=kept, reason=line, actor=actor, at=now)
    made.rounds.set(rounds)
    Team.objects.filter(pk=absorbed.pk).update(is_active=False)
    TeamToken.objects.filter(team=absorbed, revoked_at=None).update(revoked_at=now)
    told = {"absorbed": absorbed.name, "kept": kept.name, "reason": line}
    # In the order of their benchmarks, as everybody locks journals.
    for round in sorted(rounds, key=lambda each: (each.benchmark_id, each.number)):
        journal.append_of_round(round=round, kind="teams_merged", actor=actor, now=now, **told)
    token_links.cancel(team=absorbed, actor=actor, now=now)
    journal.append_of_installation(kind="team_merged", actor=actor, now=now, **told)
    absorbed.is_active = False
    return made


def check(*, absorbed: Team, kept: Team) -> None:
    """Refuse what cannot be merged. A merged team is named with the one that stands for it."""
    for team, field in ((absorbed, "absorbed"), (kept, "kept")):
        if team.is_reference:
            raise MergeError(
                f"the team {team} is an organizer's reference team, and none is merged", field=field
            )
        if (end := merged_teams.into(team)) is not None:
            raise MergeError(f"the team {team} was merged into {end}: name that one", field=field)
    if absorbed.pk == kept.pk:
        raise MergeError(f"the team {kept} cannot be merged into itself", field="kept")
    if TeamMerge.objects.filter(kept=absorbed).exists():
        raise MergeError(
            f"the team {absorbed} has absorbed another, so it stays: merge {kept} into it instead",
            field="absorbed",
        )
    if not kept.is_active:
        raise MergeError(f"the team {kept} is not active", field="kept")
    _check_rounds(absorbed, kept)


def concerned(*, team: Team) -> QuerySet[Round]:
    """Find the rounds that a merge would reach: planned or open, with an account of the team."""
    return Round.objects.filter(admissions__team=team, status__in=COMING).order_by("pk")


def _check_rounds(absorbed: Team, kept: Team) -> None:
    own = Round.objects.filter(admissions__team__in=(absorbed, kept)).distinct()
    judged = own.filter(status__in=BEING_JUDGED).order_by("pk").first()
    if judged is not None:
        raise MergeError(
            f"the round {judged} is {judged.status}, and one of the two is judged in it: merge them once it "
            "is PUBLISHED"
        )
    for round in concerned(team=absorbed):
        accounts = Admission.objects.filter(round=round, team__in=(absorbed, kept))
        if len(set(accounts.values_list("is_blind", flat=True))) > 1:
            raise MergeError(
                f"one of the two is blind in {round} and the other is not: merge them once it is PUBLISHED"
            )
        unranked = unranking.unranked(round=round)
        if (absorbed.pk in unranked) != (kept.pk in unranked):
            raise MergeError(
                f"one of the two is unranked in {round} and the other is not: unrank both, or neither"
            )


def _held(absorbed: Team, kept: Team) -> Sequence[Round]:
    """Lock all that the act depends on, each kind in one order, and give the rounds that it reaches.

    The rounds first: while they are held nothing is handed in to them and none closes. Then the teams:
    neither is admitted to another round meanwhile.
    """
    locks.hold_merges()
    pair = (absorbed.pk, kept.pk)
    own = Q(admissions__team__in=pair) & ~Q(
        status__in=(RoundStatus.PUBLISHED, RoundStatus.CANCELLED)
    )
    running = Round.objects.filter(own).distinct().order_by("pk")
    held = list(running.values_list("pk", flat=True))
    for round_id in held:
        locks.hold_round(round_id=round_id)
    for team_id in sorted(pair):
        locks.hold_team_tokens(team_id=team_id)
    # Without the key: rows that refer to a team need not wait for this.
    teams = Team.objects.select_for_update(no_key=True).filter(pk__in=pair).order_by("pk")
    for team in teams:
        for named in (absorbed, kept):
            if named.pk == team.pk:
                named.is_active = team.is_active
    if not set(running.values_list("pk", flat=True)) <= set(held):
        raise MergeError("one of the two was admitted to a round at the same moment: try again")
    return list(concerned(team=absorbed).select_related("benchmark"))
