"""The life of a round: plan, open, close, audit, publish, or cancel. Every step is journaled.

References are frozen when the round opens: from then on the Ladder has its baseline and the audit its
untuned models. Finals are locked when it closes, before any fresh label is opened.
"""

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from stats.ledger import Account
from stats.mechanisms import MECHANISMS
from vault import (
    conveyor,
    finals,
    holdout_ledger,
    journal,
    late_allowances,
    locks,
    panel,
    sentences,
    transcripts,
)
from vault.errors import TransitionError
from vault.models import (
    Benchmark,
    Holdout,
    HoldoutTold,
    PublishedResult,
    Round,
    RoundReference,
    RoundSecret,
    Submission,
    Team,
)
from vault.planning import checks as plan_checks
from vault.references import files as reference_files
from vault.references import order as reference_order
from vault.statuses import (
    PENDING,
    PublicationKind,
    RoundStatus,
    SubmissionStatus,
    before,
)
from vault.wear import Wear, wear_of

SYSTEM = "system"


def plan(
    *,
    benchmark: Benchmark,
    query_holdout: Holdout,
    fresh_holdouts: Sequence[Holdout],
    mechanism: str,
    parameters: dict[str, Any],
    opens_at: dt.datetime,
    closes_at: dt.datetime,
    window_seconds: int,
    window_limit: int,
    total_limit: int,
    concurrent_limit: int,
    max_teams: int,
    actor: str,
    now: dt.datetime,
    publication: str = PublicationKind.COARSE,
    references: Sequence[Team] = (),
    unaudited: bool = False,
    after: Round | None = None,
) -> Round:
    """Put down a round with all its constants; references may be handed in from now on.

    With `references`, reference teams of which the first is the baseline's, it opens by itself. `unaudited`
    is said of a round that no fresh holdout of the query holdout's draw will judge; `after` is the round that
    it was planned from.
    """
    round = Round(
        benchmark=benchmark,
        opens_at=opens_at,
        closes_at=closes_at,
        query_holdout=query_holdout,
        mechanism=mechanism,
        parameters=parameters,
        window_seconds=window_seconds,
        window_limit=window_limit,
        total_limit=total_limit,
        concurrent_limit=concurrent_limit,
        max_teams=max_teams,
        publication=publication,
        unaudited=unaudited,
        named_references=[team.pk for team in references],
    )
    with transaction.atomic():
        # One plan at a time: numbers follow each other, and a query holdout serves one round.
        Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
        round.parameters = plan_checks.check(
            round=round, fresh_holdouts=fresh_holdouts, references=references, now=now
        )
        latest = panel.latest(benchmark=benchmark)
        assert latest is not None  # a holdout was sealed, so a panel was published
        round.panel = latest
        numbers = Round.objects.filter(benchmark=benchmark).aggregate(last=Max("number", default=0))
        round.number = numbers["last"] + 1
        round.planned_nats = holdout_ledger.planned_nats(round=round)
        round.save(force_insert=True)
        round.fresh_holdouts.set(fresh_holdouts)
        # Two of them: the audit's is journaled, and must not tell the noise of any release.
        RoundSecret.objects.create(
            round=round, entropy=secrets.token_hex(32), audit_seed=secrets.token_hex(32)
        )
        _journal_plan(round, references, after=after, actor=actor, now=now)
    return round


def _journal_plan(
    round: Round,
    references: Sequence[Team],
    *,
    after: Round | None,
    actor: str,
    now: dt.datetime,
) -> None:
    """Enter all of the round's constants, in the words of the plan."""
    constants = (
        *("mechanism", "parameters", "window_seconds", "window_limit", "total_limit"),
        *("concurrent_limit", "max_teams"),
    )
    fresh_holdouts = round.fresh_holdouts.values_list("pk", flat=True)
    journal.append_of_round(
        round=round,
        kind="round_planned",
        actor=actor,
        now=now,
        query_holdout=str(round.query_holdout_id),
        fresh_holdouts=sorted(str(pk) for pk in fresh_holdouts),
        opens_at=round.opens_at.isoformat(),
        closes_at=round.closes_at.isoformat(),
        publication=str(round.publication),
        unaudited=round.unaudited,
        planned_nats=round.planned_nats,
        after=None if after is None else after.number,
        references=[team.name for team in references],
        **{name: getattr(round, name) for name in constants},
    )


@transaction.atomic
def open_round(
    *,
    round: Round,
    references: Sequence[Submission] | None,
    actor: str,
    now: dt.datetime,
) -> None:
    """PLANNED -> OPEN with its references frozen; the first is the baseline.

    `references` chooses and orders them; None takes all, those of the plan in its order before others.
    """
    locks.hold_round(round_id=round.pk)
    # Before it is open: beside an open round nobody is late.
    _check_nobody_is_late(round, now=now)
    move(round, RoundStatus.OPEN, actor=actor, now=now, opened_at=now)
    # As it is now: an organizer may have moved it since the round was read.
    round.refresh_from_db(fields=["closes_at"])
    if now >= round.closes_at:
        # It would close at once, and its audit would open fresh labels for nobody.
        raise TransitionError(
            f"its end, {round.closes_at:%Y-%m-%d %H:%M} UTC, has passed: cancel it and plan another"
        )
    if obstacle := conveyor.unjudged(round=round):
        raise TransitionError(obstacle)
    received = Submission.objects.filter(round=round, team__is_reference=True)
    if received.filter(status__in=PENDING).exists():
        raise TransitionError("a reference is still being scored")
    if transcripts.is_waiting(round=round):
        raise TransitionError("its references are being scored again, on corrected labels")
    chosen = list(references) if references is not None else reference_order.in_order(round=round)
    known = set(received.filter(status=SubmissionStatus.SCORED).values_list("pk", flat=True))
    if any(reference.pk not in known for reference in chosen):
        raise TransitionError("a reference is a scored submission of a reference team")
    if MECHANISMS[round.mechanism].needs_baseline and not chosen:
        way = "submit one as a reference team first"
        if not reference_files.n_left(holdout_id=round.query_holdout_id):
            way = (
                "the round's query holdout takes no more files of references, so "
                f"{reference_files.ELSEWHERE}"
            )
        raise TransitionError(f"the mechanism {round.mechanism} needs a baseline: {way}")
    RoundReference.objects.bulk_create(
        RoundReference(round=round, submission=reference, position=position)
        for position, reference in enumerate(chosen)
    )
    holdout_ledger.count_references(round=round, now=now)


def cancel(*, round: Round, reason: str, actor: str, now: dt.datetime) -> None:
    """PLANNED -> CANCELLED, for a reason that everybody reads: its holdouts are free for another plan.

    Only before it opens: a round that has answered teams is closed and audited. What its references
    revealed stays in the ledger of the query holdout. Scored references stay as they are. What still waits
    is answered no more, and the scoring worker's sweeper ends it: the admin's process has no right to change
    a submission.
    """
    line = sentences.checked_reason(reason=reason, error=TransitionError)
    with transaction.atomic():
        locks.hold_round(round_id=round.pk)
        round.refresh_from_db(fields=["status"])
        if round.status == RoundStatus.CANCELLED:
            raise TransitionError(f"the round {round} is cancelled already")
        if round.status != RoundStatus.PLANNED:
            raise TransitionError(
                f"the round {round} is {round.status}: only a planned round can be cancelled, and one that "
                "has opened is closed instead"
            )
        # An organizer has read them, though no board showed them.
        holdout_ledger.count_references(round=round, now=now)
        move(
            round,
            RoundStatus.CANCELLED,
            actor=actor,
            now=now,
            told={"reason": line},
            cancelled_at=now,
            cancelled_reason=line,
        )


@transaction.atomic
def request_close(*, round: Round, actor: str, now: dt.datetime) -> None:
    """OPEN -> CLOSING: nothing new is received; what waits is still scored."""
    locks.hold_round(round_id=round.pk)
    # As it is now: an organizer may have moved it since the round was read.
    round.refresh_from_db(fields=["closes_at"])
    # Sweepers come some seconds after the announced end, from which on nothing was received.
    stopped_at = min(now, round.closes_at)
    move(round, RoundStatus.CLOSING, actor=actor, now=now, stopped_at=stopped_at)


@transaction.atomic
def close(*, round: Round, actor: str, now: dt.datetime) -> bool:
    """Move CLOSING -> CLOSED once nothing is pending and nobody may hand in late; False before.

    Both workers' sweepers close rounds; whoever comes second finds it done.
    """
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["status", "closed_at"])
    if round.status == RoundStatus.CLOSED:
        return True
    if Submission.objects.filter(round=round, status__in=PENDING).exists():
        return False
    if transcripts.is_waiting(round=round) or late_allowances.holding(round=round, now=now):
        return False
    if round.status == RoundStatus.CLOSING:
        # Before it is CLOSED: from then on the database lets nobody add a final.
        finals.fill_in(round=round, now=now)
    move(round, RoundStatus.CLOSED, actor=actor, now=now, closed_at=now)
    return True


def is_being_rescored(*, round: Round) -> bool:
    """Tell whether all that was answered in the round is being scored again: no audit begins meanwhile."""
    return transcripts.is_waiting(round=round)


@transaction.atomic
def mark_audited(*, round: Round, actor: str, now: dt.datetime) -> None:
    move(round, RoundStatus.AUDITED, actor=actor, now=now, audited_at=now)


@transaction.atomic
def publish(
    *, round: Round, results: Sequence[PublishedResult], actor: str, now: dt.datetime
) -> None:
    """AUDITED -> PUBLISHED, with the fresh figures and the verdict of each final, not saved yet."""
    move(round, RoundStatus.PUBLISHED, actor=actor, now=now, published_at=now)
    for result in results:
        result.round = round
    PublishedResult.objects.bulk_create(results)


def close_what_is_due(*, now: dt.datetime) -> None:
    """Close rounds whose time has come, as far as their queues allow.

    Another sweeper or an organizer may be quicker: then there is nothing to do.
    """
    for round in Round.objects.filter(status=RoundStatus.OPEN, closes_at__lte=now):
        with suppress(TransitionError):
            _close_if_due(round, now=now)
    for round in Round.objects.filter(status=RoundStatus.CLOSING):
        with suppress(TransitionError):
            close(round=round, actor=SYSTEM, now=now)


@transaction.atomic
def _close_if_due(round: Round, *, now: dt.datetime) -> None:
    """Look again under the lock: the end may have been moved since the round was found."""
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["closes_at"])
    if round.closes_at <= now:
        request_close(round=round, actor=SYSTEM, now=now)


def _check_nobody_is_late(round: Round, *, now: dt.datetime) -> None:
    """Refuse to open beside a round that takes late files: a file could be meant for either."""
    others = Round.objects.filter(benchmark=round.benchmark_id, status=RoundStatus.CLOSING)
    for other in others:
        held = late_allowances.holding(round=other, now=now)
        if held:
            until = sentences.moment(at=max(each.until for each in held), now=now)
            raise TransitionError(f"round {other.number} still takes late files, until {until}")


def move(
    round: Round,
    status: RoundStatus,
    *,
    actor: str,
    now: dt.datetime,
    told: Mapping[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Compare and set under the round's lock, with its journal entry, which tells `told`, too."""
    locks.hold_round(round_id=round.pk)
    earlier = before(status)
    try:
        # A savepoint: what the constraint refuses must not spoil the transaction around it.
        with transaction.atomic():
            of_earlier = Round.objects.filter(pk=round.pk, status__in=earlier)
            moved = of_earlier.update(status=status, **columns)
    except IntegrityError:
        raise TransitionError(
            f"another round of {round.benchmark.slug} is open: close it first"
        ) from None
    if not moved:
        round.refresh_from_db(fields=["status"])
        only = " or ".join(earlier)
        raise TransitionError(f"the round {round} is {round.status}; only {only} becomes {status}")
    round.status = status
    for name, value in columns.items():
        setattr(round, name, value)
    journal.append_of_round(
        round=round, kind=f"round_{status.lower()}", actor=actor, now=now, **(told or {})
    )


def audit_seed(*, round: Round) -> str:
    """Give what the round's audits draw their random numbers from: fixed when the round was planned."""
    return RoundSecret.objects.values_list("audit_seed", flat=True).get(round=round)


def holdout_nats(*, round: Round) -> float:
    """Sum all that the round's query holdout ever told or may still tell, to everybody together."""
    return holdout_ledger.holdout_nats(holdout=round.query_holdout)


def wear(*, round: Round) -> Wear:
    """Give all that the round's query holdout ever told, against what was reserved of it."""
    return wear_of(holdout=round.query_holdout)


def count_publication(
    *,
    round: Round,
    holdout: Holdout,
    nats: float,
    now: dt.datetime,
    what: str = "publication",
) -> None:
    """Enter what publishing the round told of a fresh holdout into that holdout's ledger."""
    HoldoutTold.objects.create(holdout=holdout, round=round, what=what, nats=nats, at=now)


def account(*, round: Round) -> Account:
    """Say what one team could ask of the round's query holdout."""
    return holdout_ledger.account_to_bound(round=round)
