"""Query budgets: admission, and the ledger of what was reserved, spent and refunded.

A budget is a statistical guarantee, not a throttle: it is counted from the append-only ledger under the lock
of the account's row, and fails closed. A query is reserved when a submission is received, spent when its
answer is released, and refunded when neither can happen any more.
"""

import datetime as dt
from dataclasses import asdict

from django.db import transaction
from django.db.models import Count, F

from vault import (
    budget_left,
    holdout_ledger,
    journal,
    late_allowances,
    merged_teams,
    sentences,
)
from vault.budget_left import Late, Queries, Remaining, Usage
from vault.errors import (
    AdmissionError,
    CancelThrottledError,
    ConcurrencyError,
    NotAdmittedError,
    TotalExhaustedError,
    WindowExhaustedError,
)
from vault.models import (
    Admission,
    BudgetEntry,
    Release,
    Round,
    Submission,
    Team,
)
from vault.statuses import COMING, RoundStatus

Kind = BudgetEntry.Kind

# Of one account: each cancellation leaves rows that cost no query. An hour of them is no hardship.
MAX_CANCELLED = 20
CANCELLED_WINDOW = dt.timedelta(hours=1)
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
        nats = 0.0 if is_blind else holdout_ledger.account_of(round=round).nats(k=limit)
        holdout_ledger.check_room(round=held, nats=nats)
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
    admission.team = team
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
    earlier = holdout_ledger.answered_before(round=round, team=team)
    accepted = answered.filter(outcome=Release.Outcome.IMPROVED).count()
    told = answered.exclude(outcome=Release.Outcome.BLIND).order_by("submission__team")
    # Of each account by itself: that is how they were reserved.
    answers = told.values_list("submission__team").annotate(Count("pk"))
    accounts = merged_teams.accounts(round=round, team=team)
    return Remaining(
        **asdict(left),
        accepted_limit=accepted_limit,
        accepted_used=None if accepted_limit is None else accepted,
        nats_reserved=holdout_ledger.total(rows=accounts, nats="reserved_nats") + earlier,
        nats_used=earlier
        + sum(holdout_ledger.account_of(round=round).nats(k=n) for _, n in answers),
        nats_told=holdout_ledger.told_nats(holdout=round.query_holdout),
        nats_committed=holdout_ledger.holdout_nats(holdout=round.query_holdout),
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
    admission.team = team
    used = budget_left.count(admission=admission, round=round, now=now)
    return admission, budget_left.queries(admission=admission, round=round, used=used, now=now)
