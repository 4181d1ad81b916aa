"""What an account has used and has left: the figures, and the sentence that a person is told first."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from vault import merged_teams, sentences
from vault.models import Admission, BudgetEntry, Round
from vault.statuses import COMING, RoundStatus

# A pending submission is usually scored within this time; a bot asks again after it.
CONCURRENT_RETRY_SECONDS = 2


class Usage(NamedTuple):
    """The numbers of queries that were ever asked, lie in the window, and wait for their score."""

    total: int
    window: int
    concurrent: int


@dataclass(frozen=True, kw_only=True)
class Queries:
    """The queries of an account: its limits, what is used of them, and when the next one is free."""

    window_seconds: int
    window_limit: int
    window_used: int
    total_limit: int
    # Of two teams that are one it may be more than the limit.
    total_used: int
    concurrent_limit: int
    concurrent_used: int
    next_slot_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Late:
    """The late queries of an account, counted apart from the round's own."""

    limit: int
    used: int
    until: dt.datetime

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, kw_only=True)
class Remaining(Queries):
    """An account as its team may see it: a function of its own submissions, releases and the clock."""

    accepted_limit: int | None
    accepted_used: int | None
    nats_reserved: float
    nats_used: float
    # What the holdout told everybody, this team included: publications and displayed references.
    nats_told: float
    # What it told everybody, and may tell all that are admitted; and what the round was planned for.
    nats_committed: float
    nats_planned: float | None
    is_blind: bool
    # Queries after the round's end, which are not among those above; None if it was never allowed any.
    late: Late | None = None


def count(*, admission: Admission, round: Round, now: dt.datetime) -> Usage:
    """Count from the ledger, in one statement; late queries, which have an own budget, only wait."""
    since = now - dt.timedelta(seconds=round.window_seconds)
    # Each query is reserved once and settled at most once (constraints of the table see to it), so that the
    # join doubles no row; what is refunded is as if it had never been asked.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE settled.kind IS DISTINCT FROM 'REFUND'
                                    AND entry.reason <> 'late'),
                   count(*) FILTER (WHERE settled.kind IS DISTINCT FROM 'REFUND' AND entry.at > %s
                                    AND entry.reason <> 'late'),
                   count(*) FILTER (WHERE settled.kind IS NULL)
            FROM vault_budgetentry entry
            LEFT JOIN vault_budgetentry settled
                ON settled.submission_id = entry.submission_id AND settled.kind <> 'RESERVE'
            WHERE entry.kind = 'RESERVE' AND (entry.admission_id = %s OR entry.admission_id IN (
                -- Of teams that this one stands for: see vault.merged_teams.
                SELECT other.id FROM vault_teammerge merge
                JOIN vault_teammerge_rounds reached
                    ON reached.teammerge_id = merge.id AND reached.round_id = %s
                JOIN vault_admission other
                    ON other.team_id = merge.absorbed_id AND other.round_id = reached.round_id
                WHERE merge.kept_id = %s
            ))
            """,
            [since, admission.pk, admission.round_id, admission.team_id],
        )
        return Usage(*cursor.fetchone())


def charged(*, entries: QuerySet[BudgetEntry]) -> QuerySet[BudgetEntry]:
    """Select what was reserved and not refunded, of the entries of whole accounts."""
    refunded = entries.filter(kind=BudgetEntry.Kind.REFUND).values("submission")
    return entries.filter(kind=BudgetEntry.Kind.RESERVE).exclude(submission__in=refunded)


def queries(*, admission: Admission, round: Round, used: Usage, now: dt.datetime) -> Queries:
    """Put the limits of an account beside what is used of them."""
    return Queries(
        window_seconds=round.window_seconds,
        window_limit=round.window_limit,
        window_used=used.window,
        total_limit=admission.k,
        total_used=used.total,
        concurrent_limit=round.concurrent_limit,
        concurrent_used=used.concurrent,
        next_slot_at=_next_slot(admission=admission, round=round, used=used, now=now),
    )


def seconds_until(slot: dt.datetime | None, now: dt.datetime) -> int | None:
    # Rounded up: whoever comes back after so many seconds finds the slot free.
    return None if slot is None else max(1, -int(-(slot - now).total_seconds() // 1))


def summary(
    *,
    left: Remaining,
    status: str,
    opens_at: dt.datetime,
    closes_at: dt.datetime,
    now: dt.datetime,
) -> str:
    """Say what is left: queries of the round, those that can be used now or when, and improvements.

    A function of the account's figures and of what everybody knows of its round: the sentence tells
    nothing that the figures do not.
    """
    is_over = status not in COMING
    begin = sentences.moment(at=opens_at, now=now)
    if status == RoundStatus.PLANNED and now >= closes_at:
        return "The round has not opened, and its end has passed: nothing can be used in it."
    if status == RoundStatus.PLANNED:
        # Its time may have come while it waits for a reference or an organizer.
        opening = f", and opens at {begin} at the earliest" if now < opens_at else ""
        said = f"The round is not open yet{opening}: {_ahead(left=left)}."
    elif is_over or now >= closes_at:
        is_over = True
        used = f"{left.total_used:,} of {_queries(left.total_limit)} {_are(left.total_used)}"
        said = f"The round takes no more queries: {used} used."
    elif now < opens_at:
        # An organizer may open it before its time, and nothing is received until then.
        said = f"The round opens at {begin}: {_ahead(left=left)}."
    else:
        said = sentences.whole(_open(left=left, closes_at=closes_at, now=now))
    if left.late is not None and now < left.late.until:
        said = f"{said} {_late(late=left.late, is_over=is_over, now=now)}"
    if left.is_blind:
        return f"{said} The team is blind: it is audited and shown no score."
    if is_over or left.total_used >= left.total_limit or left.accepted_limit is None:
        return said
    return f"{said} {_improvements(limit=left.accepted_limit, used=left.accepted_used or 0)}"


def full_window(*, left: Queries, closes_at: dt.datetime, now: dt.datetime) -> str:
    """Say what is left in the round, that its window's queries are used, and when the next one is free."""
    head, limit, next_at = _in_round(left=left), left.window_limit, left.next_slot_at
    window = sentences.length(seconds=left.window_seconds)
    used = f"all {limit:,} in {window} are used" if limit > 1 else f"the one in {window} is used"
    if next_at is None or next_at >= closes_at:
        end = sentences.moment(at=closes_at, now=now, is_end=True)
        return f"{head}; {used}, and the round closes at {end}, before the next is free"
    return f"{head}; {used}, and the next is free at {sentences.moment(at=next_at, now=now)}"


def used_up(*, limit: int) -> str:
    """Say that a round's queries are used."""
    return (
        f"all {limit:,} queries of this round are used"
        if limit > 1
        else "the only query of this round is used"
    )


def waiting(*, n: int) -> str:
    """Say that as many submissions wait as may, and until when."""
    if n == 1:
        return "a submission waits for its score, and the next query is free when it has it"
    return f"{n:,} submissions wait for their score, and the next query is free when one of them has it"


def _next_slot(
    *, admission: Admission, round: Round, used: Usage, now: dt.datetime
) -> dt.datetime | None:
    """Tell when the next query is free; None: never in this round. Nothing is received before it opens."""
    if round.status not in COMING or used.total >= admission.k:
        return None
    slot = max(now, round.opens_at)
    if used.window >= round.window_limit:
        # When enough entries have left the window: the (used - limit + 1)-th oldest of those in it.
        window = dt.timedelta(seconds=round.window_seconds)
        accounts = merged_teams.accounts(round=round, team=admission.team)
        entries = charged(entries=BudgetEntry.objects.filter(admission__in=accounts))
        held = entries.filter(at__gt=now - window).order_by("at")
        slot = held.values_list("at", flat=True)[used.window - round.window_limit] + window
    elif used.concurrent >= round.concurrent_limit:
        slot = now + dt.timedelta(seconds=CONCURRENT_RETRY_SECONDS)
    return slot if slot < round.closes_at else None


def _ahead(*, left: Remaining) -> str:
    is_limited = left.window_limit < left.total_limit
    window = sentences.length(seconds=left.window_seconds)
    most = f", at most {left.window_limit:,} in {window}" if is_limited else ""
    return f"{_queries(left.total_limit)} can be used in it{most}"


def _open(*, left: Remaining, closes_at: dt.datetime, now: dt.datetime) -> str:
    """Say what is left in an open round, and what of it can be used at once."""
    n_left = max(0, left.total_limit - left.total_used)
    if not n_left:
        return used_up(limit=left.total_limit)
    if left.window_used >= left.window_limit:
        return full_window(left=left, closes_at=closes_at, now=now)
    head = _in_round(left=left)
    if left.concurrent_used >= left.concurrent_limit:
        return f"{head}; {waiting(n=left.concurrent_used)}"
    in_window = left.window_limit - left.window_used
    usable = min(in_window, n_left)
    n_free = left.concurrent_limit - left.concurrent_used
    at_once = f", {n_free:,} at a time" if n_free < usable else ""
    if n_left <= in_window:
        return f"{head}; {'it' if n_left == 1 else 'all of them'} can be used now{at_once}"
    window = sentences.length(seconds=left.window_seconds)
    return f"{head}; {usable:,} of {left.window_limit:,} in {window} can be used now{at_once}"


def _in_round(*, left: Queries) -> str:
    n_left = max(0, left.total_limit - left.total_used)
    return f"{n_left:,} of {_queries(left.total_limit)} {_are(n_left)} left in this round"


def _late(*, late: Late, is_over: bool, now: dt.datetime) -> str:
    """Say what may be handed in after the end, as an organizer allowed."""
    until = sentences.moment(at=late.until, now=now, is_end=True)
    when = (
        "The team may still hand in late" if is_over else "After its end the team may hand in late"
    )
    return f"{when}, until {until}: {late.left:,} of {_queries(late.limit)} {_are(late.left)} left for that."


def _improvements(*, limit: int, used: int) -> str:
    if used < limit:
        return f"{limit - used:,} of {sentences.counted(n=limit, noun='improvement')} can still be shown."
    shown = (
        f"All {limit:,} improvements that can be shown are"
        if limit > 1
        else "The one improvement that can be shown is"
    )
    return f"{shown} used: later files are scored and charged, and their answers say nothing new."


def _queries(n: int) -> str:
    return f"{n:,} {'query' if n == 1 else 'queries'}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
