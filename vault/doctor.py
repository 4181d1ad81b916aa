"""What wants an operator's or organizer's attention, with where to mend it. Nothing is changed or opened.

Workers take up by themselves whatever was interrupted, within a minute or two; what waits for longer than
`PATIENCE` does not go on by itself.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Count, Min, QuerySet

from vault import conveyor, late_allowances, sentences, transcripts, wear
from vault.models import (
    Benchmark,
    CorrectionRequest,
    LabelBatch,
    Round,
    SealedEnvelope,
    SealingKey,
    Submission,
    Transcript,
)
from vault.sealing import key_counts
from vault.statuses import PENDING, RoundStatus

PATIENCE = dt.timedelta(hours=1)
# A round is closed by a sweep that comes every few seconds.
SWEPT = dt.timedelta(minutes=1)

AUDIT_WORKER = "See that the audit worker runs, and what its log says (docs/deploy.md)."
SCORING_WORKER = "See that the scoring worker runs, and what its log says (docs/deploy.md)."
SEAL = "Admin: Holdouts, Upload an envelope (docs/sealing.md)."
ROUND_PAGE = "Admin: the round's page; more labels for the rounds to come: docs/sealing.md."
ROTATE = "Run `rotate_keys --purpose {}` where its private keys are (docs/keys.md)."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that wants attention: a word for programs, what is so, and where it is mended."""

    kind: str
    # Its short name; empty: it is of the whole installation.
    benchmark: str
    what: str
    mend: str

    @property
    def line(self) -> str:
        """Say it in one line."""
        about = f"{self.benchmark}: " if self.benchmark else ""
        return f"{about}{sentences.whole(self.what)} {self.mend}"


def examine(*, now: dt.datetime) -> list[Finding]:
    """List all that wants attention, benchmark by benchmark, at last what is of the installation."""
    checks: tuple[Callable[..., Iterator[Finding]], ...] = (
        *(_stock, _worn, _envelopes, _batches, _corrections, _rescorings, _submissions),
        *(_not_opened, _still_open, _still_closing, _not_audited),
    )
    found = [
        finding
        for benchmark in Benchmark.objects.order_by("slug")
        for check in checks
        for finding in check(benchmark, now)
    ]
    return [*found, *_older_keys()]


def _stock(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    # Where nothing was sealed yet nothing runs out.
    if not benchmark.holdouts.exists():
        return
    if warning := conveyor.stock(benchmark=benchmark).warning:
        yield Finding(kind="stock", benchmark=benchmark.slug, what=warning, mend=SEAL)


def _worn(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    rounds = benchmark.rounds.filter(status__in=wear.ANSWERING).select_related("query_holdout")
    for round in rounds.order_by("number"):
        if warning := wear.wear_of(holdout=round.query_holdout).warning:
            what = (
                f"round {round.number}, query holdout {str(round.query_holdout_id)[:8]}: {warning}"
            )
            yield Finding(kind="wear", benchmark=benchmark.slug, what=what, mend=ROUND_PAGE)


def _envelopes(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    waiting = SealedEnvelope.objects.filter(
        draw__benchmark=benchmark, status=SealedEnvelope.Status.RECEIVED, at__lt=now - PATIENCE
    )
    for each in waiting.order_by("at"):
        what = f"the envelope of draw {str(each.draw_id)[:8]} is not verified, {_since(each.at)}"
        yield Finding(kind="envelope", benchmark=benchmark.slug, what=what, mend=AUDIT_WORKER)


def _batches(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    waiting = LabelBatch.objects.filter(
        holdout__benchmark=benchmark,
        status=LabelBatch.Status.RECEIVED,
        received_at__lt=now - PATIENCE,
    )
    of_holdout = waiting.order_by().values_list("holdout").annotate(Count("pk"), Min("received_at"))
    for holdout, n, first in of_holdout.order_by("holdout"):
        said = "batch of late labels waits" if n == 1 else "batches of late labels wait"
        what = f"{n:,} {said} for holdout {str(holdout)[:8]}, {_since(first)}"
        yield Finding(kind="label_batch", benchmark=benchmark.slug, what=what, mend=AUDIT_WORKER)


def _corrections(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    waiting = CorrectionRequest.objects.filter(
        benchmark=benchmark, done_at=None, refused_at=None, at__lt=now - PATIENCE
    )
    for each in waiting.order_by("at"):
        what = f"the {each} is not made, {_since(each.at)}"
        yield Finding(kind="correction", benchmark=benchmark.slug, what=what, mend=AUDIT_WORKER)


def _rescorings(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    waiting = Transcript.objects.filter(
        pk__in=transcripts.due(), round__benchmark=benchmark, begun_at__lt=now - PATIENCE
    )
    for each in waiting.select_related("round").order_by("round__number"):
        what = f"round {each.round.number} is not scored again on corrected labels, {_since(each.begun_at)}"
        yield Finding(kind="rescoring", benchmark=benchmark.slug, what=what, mend=SCORING_WORKER)


def _submissions(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    waiting: QuerySet[Submission] = Submission.objects.filter(
        round__benchmark=benchmark, status__in=PENDING, submitted_at__lt=now - PATIENCE
    )
    of_round = waiting.order_by().values_list("round__number")
    for number, n, first in of_round.annotate(Count("pk"), Min("submitted_at")).order_by(
        "round__number"
    ):
        said = "submission waits" if n == 1 else "submissions wait"
        what = f"{n:,} {said} for a score in round {number}, {_since(first)}"
        yield Finding(kind="submission", benchmark=benchmark.slug, what=what, mend=SCORING_WORKER)


def _not_opened(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    late = benchmark.rounds.filter(status=RoundStatus.PLANNED, opens_at__lt=now - PATIENCE)
    for each in late.order_by("number"):
        what = f"round {each.number} is not open: it was planned to open at {_at(each.opens_at)}"
        mend = "Admin: the round's page says what it waits for."
        yield Finding(kind="not_opened", benchmark=benchmark.slug, what=what, mend=mend)


def _still_open(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    late = benchmark.rounds.filter(status=RoundStatus.OPEN, closes_at__lt=now - SWEPT)
    for each in late.order_by("number"):
        what = f"round {each.number} is still open: it ended at {_at(each.closes_at)}"
        yield Finding(kind="still_open", benchmark=benchmark.slug, what=what, mend=SCORING_WORKER)


def _still_closing(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    late = benchmark.rounds.filter(status=RoundStatus.CLOSING, closes_at__lt=now - PATIENCE)
    for each in late.order_by("number"):
        # What waits for a score, or who may still be late, keeps it from closing.
        waiting = each.submissions.filter(status__in=PENDING).exists()
        if (
            waiting
            or transcripts.is_waiting(round=each)
            or late_allowances.holding(round=each, now=now)
        ):
            continue
        what = f"round {each.number} is still closing, and nothing is left to wait for"
        yield Finding(
            kind="still_closing", benchmark=benchmark.slug, what=what, mend=SCORING_WORKER
        )


def _not_audited(benchmark: Benchmark, now: dt.datetime) -> Iterator[Finding]:
    for each in benchmark.rounds.filter(status=RoundStatus.CLOSED).order_by("number"):
        if why := _why_not_audited(each, now):
            what = f"round {each.number} is closed, and {why}"
            yield Finding(kind="audit", benchmark=benchmark.slug, what=what, mend=AUDIT_WORKER)


def _why_not_audited(round: Round, now: dt.datetime) -> str:
    """Say what became of the audit of a closed round; empty where it runs, or may begin any moment."""
    # Found from the round: this room does not know that of the audits.
    runs = round.audit_runs.order_by("pk")
    last = runs.last()
    if last is None:
        is_late = round.closed_at is not None and round.closed_at < now - PATIENCE
        if not is_late or transcripts.is_waiting(round=round):
            return ""
        return f"its audit did not begin, {_since(round.closed_at)}"
    if last.status == "FAILED":
        n = runs.filter(status="FAILED").count()
        times = "once" if n == 1 else f"{n:,} times"
        return f"its audit failed {times}, the last time by {last.error or 'an unknown error'}"
    if last.started_at < now - PATIENCE:
        return f"its audit began at {_at(last.started_at)} and did not end"
    return ""


def _older_keys() -> Iterator[Finding]:
    older = SealingKey.objects.filter(is_active=False).order_by("purpose", "generation")
    keys = list(older)
    sealed = key_counts.sealed_for(kids=[key.kid for key in keys])
    for key in keys:
        if sealed[key.kid].total:
            what = (
                f"still sealed for generation {key.generation} of the {key.purpose} key, {key.kid[:16]}: "
                f"{sealed[key.kid].line}"
            )
            yield Finding(
                kind="older_key", benchmark="", what=what, mend=ROTATE.format(key.purpose)
            )


def _since(at: dt.datetime | None) -> str:
    return "" if at is None else f"since {_at(at)}"


def _at(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
