"""Query budgets: admission, and the ledger of what was reserved, spent and refunded.

A budget is a statistical guarantee, not a throttle: it is counted from the append-only ledger under the lock
of the account's row, and fails closed. A query is reserved when a submission is received, spent when its
answer is released, and refunded when neither can happen any more.
"""

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum

from stats.ledger import Account
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import budget_left, fit_to_score, journal, late_allowances, merged_teams, sentences
from vault.budget_left import Queries, Remaining, Usage
from vault.errors import (
    AdmissionError,
    CancelThrottledError,
    ConcurrencyError,
    NotAdmittedError,
    TotalExhaustedError,
    WindowExhaustedError,
)
from vault.late_allowances import Late
from vault.models import (
    Admission,
    Benchmark,
    BudgetEntry,
    Holdout,
    HoldoutTold,
    Release,
    Round,
    Submission,
    Team,
)
from vault.scorers import scorer_of
from vault.statuses import COMING, RoundStatus

Kind = BudgetEntry.Kind

# Of one account: each cancellation leaves rows that cost no query. An hour of them is no hardship.
MAX_CANCELLED = 20
CANCELLED_WINDOW = dt.timedelta(hours=1)
# What a holdout tells apart from answers to teams, beside its publication.
REFERENCES = "references"
# Failures beyond this many refunds are charged, so that failing can never be a free query.
FAILED = "failed"
CANCELLED = "cancelled"
REFUNDS_USED_UP = "refunds_used_up"


def admit(
    *,
    round: Round,
    team: Team,
    k: int | None,
    is_blind: bool,
    actor: str,
    now: dt.datetime,
) -> Admission:
    """Give a team an account of k queries, and reserve what their answers can reveal."""
    limit = round.total_limit if k is None else k
    if team.is_reference:
        raise AdmissionError("an organizer's reference team needs no admission")
    if not 1 <= limit <= round.total_limit:
        raise AdmissionError(
            f"a team has 1 to {round.total_limit:,} queries in this round", field="k"
        )
    with transaction.atomic():
        # As it is now: it may have been closed or cancelled since it was read.
        # Without its key, so that submissions, which refer to the round, need not wait meanwhile.
        held = Round.objects.select_for_update(no_key=True).get(pk=round.pk)
        if obstacle := no_admission(round=held, now=now):
            raise AdmissionError(obstacle)
        # Merges wait for it, and it for them.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        check_stands_alone(round=round, team=team, is_blind=is_blind)
        admitted = Admission.objects.filter(round=round)
        if admitted.filter(team=team).exists():
            raise AdmissionError(f"the team {team} is admitted already")
        if not is_blind and admitted.filter(is_blind=False).count() >= round.max_teams:
            raise AdmissionError(
                f"{round.max_teams:,} teams are admitted, as many as the holdout was planned for; "
                "further teams can only be admitted blind"
            )
        nats = 0.0 if is_blind else account_of(round=round).nats(k=limit)
        check_room(round=held, nats=nats)
        admission = Admission.objects.create(
            round=round, team=team, k=limit, reserved_nats=nats, is_blind=is_blind, admitted_at=now
        )
        told = {"team": team.name, "k": limit, "reserved_nats": nats, "is_blind": is_blind}
        journal.append_of_round(round=round, kind="admit", actor=actor, now=now, **told)
    return admission


def check_stands_alone(*, round: Round, team: Team, is_blind: bool) -> None:
    """Refuse a merged team, and an account that sees scores beside one that is blind, of two that are one."""
    if (end := merged_teams.into(team)) is not None:
        raise AdmissionError(f"the team {team} was merged into {end}: admit that one")
    if merged_teams.accounts(round=round, team=team).filter(is_blind=not is_blind).exists():
        raise AdmissionError(
            f"a team that was merged into {team} is {'not ' if is_blind else ''}blind in this round, so "
            f"{team} is {'not' if is_blind else 'too'}"
        )


def no_admission(*, round: Round, now: dt.datetime) -> str:
    """Say why a round takes no more teams: it is over, or can open for nobody; empty if it takes some."""
    if round.status not in COMING:
        return f"teams are admitted until a round closes, and this one is {round.status}"
    if round.status == RoundStatus.PLANNED and now >= round.closes_at:
        return (
            f"round {round.number} has not opened, and its end, {round.closes_at:%Y-%m-%d %H:%M} UTC, has "
            "passed: it opens for nobody, so cancel it and plan another"
        )
    return ""


def unit_of(*, benchmark: Benchmark) -> float:
    """Give the range u of one item's value of the primary metric."""
    return scorer_of(benchmark=benchmark).unit


def account_of(*, round: Round) -> Account:
    """Say what one team may ask of the round's query holdout, for the ledger's arithmetic."""
    metric = METRICS[round.benchmark.primary_metric]
    return Account(
        mechanism=MECHANISMS[round.mechanism],
        parameters=round.parameters,
        n=round.query_holdout.n_items,
        n_effective=effective_number(holdout=round.query_holdout),
        unit=unit_of(benchmark=round.benchmark),
        is_mean=metric.is_mean,
        counts_items=metric.counts_items,
    )


def effective_number(*, holdout: Holdout) -> float | None:
    """Count the independent items that a holdout of whole groups is worth; None: drawn one by one.

    1 where groups were sealed before their sizes were kept: all items could be one group.
    """
    if not holdout.draws_groups:
        return None
    return 1.0 if holdout.n_effective is None else holdout.n_effective


def holdout_nats(*, holdout: Holdout) -> float:
    """Sum a holdout's whole ledger: the answers of all its rounds, and everything else that it told."""
    return (
        reserved_nats(holdout=holdout)
        + superseded_nats(holdout=holdout)
        + told_nats(holdout=holdout)
    )


def reserved_nats(*, holdout: Holdout) -> float:
    """Sum what the answers to all that were ever admitted may tell."""
    return _sum(_accounts(holdout), "reserved_nats")


def superseded_nats(*, holdout: Holdout) -> float:
    """Sum what teams were answered before labels were corrected, and all was answered once more."""
    return _sum(HoldoutTold.objects.filter(holdout=holdout).exclude(team=None), "nats")


def planned_nats(*, round: Round) -> float:
    """Compute what a round's holdout is planned for: what it told before, and all teams that may see."""
    of_teams = round.max_teams * account_of(round=round).nats(k=round.total_limit)
    return holdout_nats(holdout=round.query_holdout) + of_teams


def check_room(*, round: Round, nats: float) -> None:
    """Refuse to reserve more than the holdout was planned for; the caller holds the round's row.

    The round's own references have a limit of theirs, and are left out.
    """
    if round.planned_nats is None:
        return
    shown = HoldoutTold.objects.filter(holdout=round.query_holdout_id, round=round, what=REFERENCES)
    committed = holdout_nats(holdout=round.query_holdout) - _sum(shown, "nats")
    # A sum in another order differs in its last digits.
    if committed + nats > round.planned_nats * (1 + 1e-9):
        raise AdmissionError(
            f"the holdout was planned for {round.planned_nats:,.1f} nats, {committed:,.1f} are told or "
            f"reserved, and this would take {nats:,.1f} more: it would be over-committed"
        )


def _accounts(holdout: Holdout) -> QuerySet[Admission]:
    """Select those that ask, or have asked, of it; in a cancelled round nobody did, and nobody will."""
    asking = Admission.objects.filter(round__query_holdout=holdout)
    return asking.exclude(round__status=RoundStatus.CANCELLED)


def told_nats(*, holdout: Holdout) -> float:
    """Sum what a holdout told everybody: publications while it was fresh, references on a board."""
    return _sum(HoldoutTold.objects.filter(holdout=holdout, team=None), "nats")


def team_nats(*, round: Round, team: Team) -> float:
    """Sum what one team may learn of the round's query holdout: its own answers, and what all know."""
    own = _accounts(round.query_holdout).filter(merged_teams.one_with(team))
    answers = _sum(own, "reserved_nats") + _sum(_superseded(round, team), "nats")
    return answers + told_nats(holdout=round.query_holdout)


def _superseded(round: Round, team: Team) -> QuerySet[HoldoutTold]:
    """Select what the team, and those that it stands for, were answered before corrections."""
    own = merged_teams.one_with(team)
    return HoldoutTold.objects.filter(own, holdout=round.query_holdout)


def _sum(rows: QuerySet[Any], nats: str) -> float:
    total: float = rows.aggregate(total=Sum(nats, default=0.0))["total"]
    return total


def count_references(*, round: Round, now: dt.datetime) -> None:
    """Charge references that a board shows: everybody reads these answers, so each counts as one query.

    So does a file that was refused as the label file: that is an answer, too.
    """
    references = Submission.objects.filter(round=round, team__is_reference=True)
    n_shown = Release.objects.filter(submission__in=references, value__isnull=False).count()
    n_answered = n_shown + references.filter(error_code=fit_to_score.MATCHES_EVERY_LABEL).count()
    if n_answered:
        nats = n_answered * account_of(round=round).nats(k=1)
        HoldoutTold.objects.create(
            holdout=round.query_holdout, round=round, what=REFERENCES, nats=nats, at=now
        )


def count_superseded(*, round: Round, transcript: int, now: dt.datetime) -> None:
    """Enter what answers told that corrected labels supersede: each team can put both of them together.

    What was reserved for a team is what its queries tell once. References are everybody's to read.
    """
    account = account_of(round=round)
    earlier = Release.objects.filter(submission__round=round, transcript=transcript)
    told: list[tuple[int | None, float]] = []
    teams = earlier.filter(submission__team__is_reference=False).exclude(
        outcome=Release.Outcome.BLIND
    )
    for team_id, n in teams.values_list("submission__team").annotate(Count("pk")):
        told.append((team_id, account.nats(k=n)))
    shown = earlier.filter(submission__team__is_reference=True, value__isnull=False).count()
    if shown and round.status != RoundStatus.PLANNED:
        told.append((None, shown * account.nats(k=1)))
    HoldoutTold.objects.bulk_create(
        HoldoutTold(
            holdout=round.query_holdout,
            round=round,
            team_id=team_id,
            what=f"transcript {transcript}",
            nats=nats,
            at=now,
        )
        for team_id, nats in told
    )


def lock_account(*, round: Round, team: Team) -> Admission:
    """Lock the account's row until the transaction ends; `round` becomes what it is now.

    While the round is held nobody is merged, so of an account that counts others, too, this row alone
    orders what is asked: those others ask no more.

    The caller holds the round open, so what is read of it in the same statement stays true.
    """
    # The account alone: the round's row, which the query joins, the web role may not lock.
    accounts = Admission.objects.select_for_update(no_key=True, of=("self",))
    try:
        admission = accounts.annotate(
            status_now=F("round__status"),
            closes_at_now=F("round__closes_at"),
            is_active_now=F("team__is_active"),
        ).get(round=round, team=team)
    except Admission.DoesNotExist:
        raise NotAdmittedError(f"the team {team.name} is not admitted to this round") from None
    if not admission.is_active_now:
        raise NotAdmittedError(not_active(team=team))
    round.status, round.closes_at = admission.status_now, admission.closes_at_now
    return admission


def not_active(*, team: Team) -> str:
    """Say that a team hands in nothing, and who does in its place."""
    end = merged_teams.into(team)
    merged = "" if end is None else f": it was merged into {end.name}, whose token hands in"
    return f"the team {team.name} is not active{merged}"


def check(
    *, admission: Admission, round: Round, now: dt.datetime, late: Late | None = None
) -> Usage:
    """Raise unless one more query fits, else say what is used; the caller holds the account's lock.

    After the round's end it must fit into what the team may hand in `late`.
    """
    used = budget_left.count(admission=admission, round=round, now=now)
    if late is not None:
        _check_late(used, round, late=late, now=now)
        return used
    left = budget_left.queries(admission=admission, round=round, used=used, now=now)
    slot = left.next_slot_at
    again = {"next_slot_at": slot, "retry_after": budget_left.seconds_until(slot, now)}
    if used.total >= admission.k:
        raise TotalExhaustedError(
            f"{budget_left.used_up(limit=admission.k)}: no more can be asked in it",
            limit=admission.k,
            used=used.total,
            **again,
        )
    if used.window >= round.window_limit:
        raise WindowExhaustedError(
            budget_left.full_window(left=left, closes_at=round.closes_at, now=now),
            limit=round.window_limit,
            used=used.window,
            window_seconds=round.window_seconds,
            **again,
        )
    if used.concurrent >= round.concurrent_limit:
        raise ConcurrencyError(
            budget_left.waiting(n=used.concurrent),
            limit=round.concurrent_limit,
            used=used.concurrent,
            **again,
        )
    return used


def _check_late(used: Usage, round: Round, *, late: Late, now: dt.datetime) -> None:
    if not late.left:
        raise TotalExhaustedError(
            "all queries that the team may use late are used",
            limit=late.limit,
            used=late.used,
            next_slot_at=None,
            retry_after=None,
        )
    if used.concurrent >= round.concurrent_limit:
        raise ConcurrencyError(
            budget_left.waiting(n=used.concurrent),
            limit=round.concurrent_limit,
            used=used.concurrent,
            next_slot_at=now + dt.timedelta(seconds=budget_left.CONCURRENT_RETRY_SECONDS),
            retry_after=budget_left.CONCURRENT_RETRY_SECONDS,
        )


def reserve(
    *, admission: Admission, submission: Submission, used: Usage, now: dt.datetime
) -> Queries:
    """Reserve a query under the lock under which `used` was counted, and give what is left after it."""
    BudgetEntry.objects.create(
        admission=admission,
        submission=submission,
        kind=Kind.RESERVE,
        reason=late_allowances.LATE if submission.is_late else "",
        at=now,
    )
    if submission.is_late:
        return budget_left.queries(admission=admission, round=submission.round, used=used, now=now)
    with_this = Usage(total=used.total + 1, window=used.window + 1, concurrent=used.concurrent + 1)
    return budget_left.queries(admission=admission, round=submission.round, used=with_this, now=now)


def account_charged(*, submission: Submission) -> Admission | None:
    """Find the account that reserved a query for a submission; None: none did, as of a reference."""
    reserved = BudgetEntry.objects.filter(submission=submission, kind=Kind.RESERVE)
    entry = reserved.select_related("admission__round").first()
    return None if entry is None else entry.admission


def commit(
    *, account: Admission, submission: Submission, now: dt.datetime, reason: str = ""
) -> None:
    """Spend what was reserved for a submission."""
    BudgetEntry.objects.create(
        admission=account, submission=submission, kind=Kind.COMMIT, reason=reason, at=now
    )


def refund(
    *, submission: Submission, reason: str, actor: str, now: dt.datetime, most: int | None
) -> bool:
    """Give a reserved query back. With `most` refunds for this reason made already, charge it."""
    account = account_charged(submission=submission)
    if account is None:
        return False
    # So that of two at once the second counts the first.
    Admission.objects.select_for_update(no_key=True).get(pk=account.pk)
    refunds = BudgetEntry.objects.filter(admission=account, kind=Kind.REFUND, reason=reason)
    if most is not None and refunds.count() >= most:
        commit(account=account, submission=submission, now=now, reason=REFUNDS_USED_UP)
        return False
    BudgetEntry.objects.create(
        admission=account, submission=submission, kind=Kind.REFUND, reason=reason, at=now
    )
    told = {"submission": str(submission.pk), "reason": reason}
    journal.append_of_round(round=account.round, kind="refund", actor=actor, now=now, **told)
    return True


def check_cancellation(*, submission: Submission, now: dt.datetime) -> None:
    """Lock the account, and raise if it has cancelled as much of late as it may; a reference has none."""
    account = account_charged(submission=submission)
    if account is None:
        return
    Admission.objects.select_for_update(no_key=True).get(pk=account.pk)
    made = BudgetEntry.objects.filter(
        admission=account,
        kind=Kind.REFUND,
        reason=CANCELLED,
        at__gt=now - CANCELLED_WINDOW,
    )
    latest = list(made.order_by("-at").values_list("at", flat=True)[:MAX_CANCELLED])
    if len(latest) < MAX_CANCELLED:
        return
    slot = latest[-1] + CANCELLED_WINDOW
    raise CancelThrottledError(
        f"{MAX_CANCELLED} submissions of this account were cancelled in the last hour; "
        f"this one stays in the queue, and can be cancelled from {sentences.moment(at=slot, now=now)} on",
        limit=MAX_CANCELLED,
        used=len(latest),
        window_seconds=int(CANCELLED_WINDOW.total_seconds()),
        next_slot_at=slot,
        retry_after=budget_left.seconds_until(slot, now),
    )


def check_may_have_one(*, team: Team) -> None:
    """Refuse a reference team, whatever the round."""
    if team.is_reference:
        raise NotAdmittedError(
            f"the team {team.name} is an organizer's reference team: it has no budget, and what it hands in "
            "while a round is planned is not charged"
        )


def remaining(*, round: Round, team: Team, now: dt.datetime) -> Remaining:
    admission, left = _account(round=round, team=team, now=now)
    accepted_limit = round.parameters.get("b")
    own = merged_teams.one_with(team, via="submission__")
    answered = Release.objects.filter(own, submission__round=round, transcript=round.transcript)
    earlier = _sum(_superseded(round, team).filter(round=round), "nats")
    accepted = answered.filter(outcome=Release.Outcome.IMPROVED).count()
    told = answered.exclude(outcome=Release.Outcome.BLIND).order_by("submission__team")
    # Of each account by itself: that is how they were reserved.
    answers = told.values_list("submission__team").annotate(Count("pk"))
    accounts = merged_teams.accounts(round=round, team=team)
    return Remaining(
        **asdict(left),
        accepted_limit=accepted_limit,
        accepted_used=None if accepted_limit is None else accepted,
        nats_reserved=_sum(accounts, "reserved_nats") + earlier,
        nats_used=earlier + sum(account_of(round=round).nats(k=n) for _, n in answers),
        nats_told=told_nats(holdout=round.query_holdout),
        nats_committed=holdout_nats(holdout=round.query_holdout),
        nats_planned=round.planned_nats,
        is_blind=admission.is_blind,
        late=late_allowances.of(admission=admission),
    )


def queries_left(*, round: Round, team: Team, now: dt.datetime) -> Queries:
    """Count the queries alone, without what the answers told."""
    return _account(round=round, team=team, now=now)[1]


def _account(*, round: Round, team: Team, now: dt.datetime) -> tuple[Admission, Queries]:
    check_may_have_one(team=team)
    admission = Admission.objects.filter(round=round, team=team).first()
    if admission is None:
        raise NotAdmittedError(f"the team {team.name} is not admitted to this round")
    used = budget_left.count(admission=admission, round=round, now=now)
    return admission, budget_left.queries(admission=admission, round=round, used=used, now=now)
