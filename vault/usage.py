"""What is used of an account: counted from the ledger, in one statement, and when the next query is free."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from vault.budget_left import Queries
from vault.models import Admission, BudgetEntry, Round
from vault.statuses import RoundStatus

Kind = BudgetEntry.Kind

# A pending submission is usually scored within this time; a bot asks again after it.
CONCURRENT_RETRY_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Usage:
    total: int
    window: int
    concurrent: int


def count(*, admission: Admission, round: Round, now: dt.datetime) -> Usage:
    since = now - dt.timedelta(seconds=round.window_seconds)
    # Each query is reserved once and settled at most once (constraints of the table see to it), so that the
    # join doubles no row; what is refunded is as if it had never been asked.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE settled.kind IS DISTINCT FROM 'REFUND'),
                   count(*) FILTER (WHERE settled.kind IS DISTINCT FROM 'REFUND' AND entry.at > %s),
                   count(*) FILTER (WHERE settled.kind IS NULL)
            FROM vault_budgetentry entry
            LEFT JOIN vault_budgetentry settled
                ON settled.submission_id = entry.submission_id AND settled.kind <> 'RESERVE'
            WHERE entry.admission_id = %s AND entry.kind = 'RESERVE'
            """,
            [since, admission.pk],
        )
        total, window, concurrent = cursor.fetchone()
    return Usage(total=total, window=window, concurrent=concurrent)


def next_slot(
    *, admission: Admission, round: Round, used: Usage, now: dt.datetime
) -> dt.datetime | None:
    """When the next query is free; None: never in this round. Nothing is received before it opens."""
    if round.status not in (RoundStatus.PLANNED, RoundStatus.OPEN) or used.total >= admission.k:
        return None
    slot = max(now, round.opens_at)
    if used.window >= round.window_limit:
        slot = _next_window_slot(admission=admission, round=round, used=used, now=now)
    elif used.concurrent >= round.concurrent_limit:
        slot = now + dt.timedelta(seconds=CONCURRENT_RETRY_SECONDS)
    return slot if slot < round.closes_at else None


def _next_window_slot(
    *, admission: Admission, round: Round, used: Usage, now: dt.datetime
) -> dt.datetime:
    """When enough entries have left the window: the (used - limit + 1)-th oldest of those in it."""
    window = dt.timedelta(seconds=round.window_seconds)
    refunded = BudgetEntry.objects.filter(admission=admission, kind=Kind.REFUND)
    held = BudgetEntry.objects.filter(
        admission=admission, kind=Kind.RESERVE, at__gt=now - window
    ).exclude(submission__in=refunded.values("submission"))
    oldest = held.order_by("at").values_list("at", flat=True)[used.window - round.window_limit]
    return oldest + window


def seconds_until(slot: dt.datetime | None, now: dt.datetime) -> int | None:
    # Rounded up: whoever comes back after so many seconds finds the slot free.
    return None if slot is None else max(1, -int(-(slot - now).total_seconds() // 1))


def with_one_more(*, used: Usage) -> Usage:
    """Add the query that was reserved under the lock under which the others were counted."""
    return Usage(total=used.total + 1, window=used.window + 1, concurrent=used.concurrent + 1)


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
        next_slot_at=next_slot(admission=admission, round=round, used=used, now=now),
    )
