"""Scores of locked finals on awaited labels: batches are settled, and each version is looked at once.

A look opens the newest labels, journaled first, and scores every final of the published round on them.
Exact scores are kept where no page can read them. Rows for everybody come only after 20 more labels, on the
grid of that many, so that two looks at a final do not tell one item's label. Beside them stand bounds that
hold whatever the delays are. What is complete retires. Every step may be killed and done again.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from audits.rounding import Coarse, coarse
from audits.runs import Clock
from stats.metrics import Scorer
from stats.quality.awaited_labels import Lateness, awaited_mean, lateness
from vault import journal, locks, predictions
from vault.errors import VaultError
from vault.holdout_kinds import WITHOUT_LABELS
from vault.models import (
    Final,
    Holdout,
    LabelVersion,
    ProspectiveLook,
    ProspectiveResult,
    ProspectiveScore,
    Round,
)
from vault.scorers import scorer_of
from vault.sealing import awaited, holdouts, label_batches
from vault.sealing.sealed_labels import OpenLabels
from vault.statuses import HoldoutStatus, RoundStatus

logger = logging.getLogger(__name__)

ACTOR = "worker-audit"
# A row that is shown rests on so many labels more than the row before it.
MIN_NEW_LABELS = 20
# Of a prediction that is a number: its quarters.
QUARTERS = (0.25, 0.5, 0.75)
NOT_A_MEAN = "lateness depends on the prediction, and this metric cannot weigh items"
DAMAGED = "the stored file is missing or is not what was received"

Row = dict[str, Any]


def advance(*, holdout_id: uuid.UUID, clock: Clock) -> bool:
    """Settle the batches that wait and look at the newest labels; False while another worker is at it."""
    with locks.one_awaited(holdout_id=holdout_id) as is_alone:
        if not is_alone:
            return False
        holdout = Holdout.objects.select_related("benchmark", "panel", "awaited").get(pk=holdout_id)
        label_batches.settle(holdout=holdout, clock=clock)
        version = LabelVersion.objects.filter(holdout=holdout).order_by("-number")[0]
        round = _published(holdout)
        if round is not None and _is_news(holdout, version, now=clock()):
            _look(round, holdout, version, clock=clock)
    return True


def due(*, now: dt.datetime) -> list[uuid.UUID]:
    """List the prospective holdouts for which a batch waits, or labels that nobody has looked at."""
    waiting = set(label_batches.due())
    for holdout in Holdout.objects.filter(
        kind__in=WITHOUT_LABELS, status=HoldoutStatus.FRESH
    ).select_related("awaited"):
        version = LabelVersion.objects.filter(holdout=holdout).order_by("-number").first()
        if version is not None and _published(holdout) and _is_news(holdout, version, now=now):
            waiting.add(holdout.pk)
    return sorted(waiting)


def sweep(*, clock: Clock) -> None:
    for holdout_id in due(now=clock()):
        try:
            advance(holdout_id=holdout_id, clock=clock)
        except Exception as error:  # noqa: BLE001
            # One that fails must not keep the others waiting. The kind of error only: its message could
            # hold a label.
            logger.error("awaited labels of %s were not used: %s", holdout_id, type(error).__name__)


def _published(holdout: Holdout) -> Round | None:
    """Find the round whose published results the rows stand beside."""
    round = awaited.round_of(holdout=holdout)
    return round if round is not None and round.status == RoundStatus.PUBLISHED else None


def _is_news(holdout: Holdout, version: LabelVersion, *, now: dt.datetime) -> bool:
    if holdout.status != HoldoutStatus.FRESH:
        return False
    if not awaited.is_mature(awaited=holdout.awaited, n_labelled=version.n_labelled, now=now):
        return False
    looks = ProspectiveLook.objects.filter(holdout=holdout, label_version=version.number)
    return not looks.exists()


def _look(round: Round, holdout: Holdout, version: LabelVersion, *, clock: Clock) -> None:
    """Score all finals on one version: all rows with the look, or nothing."""
    labels = holdouts.open_labels(
        holdout=holdout,
        purpose="audit",
        reason={"round": round.number, "prospective": version.number},
        actor=ACTOR,
        now=clock(),
    )
    seen = _Seen(holdout=holdout, round=round, opened=labels)
    scored = [(final, seen.score(final)) for final in _finals(round)]
    now = clock()
    with transaction.atomic():
        look = ProspectiveLook.objects.create(
            round=round,
            holdout=holdout,
            label_version=version.number,
            n_labelled=version.n_labelled,
            is_shown=_may_show(round, holdout, version),
            at=now,
        )
        whose = [
            ({"look": look, "team_id": each.team_id, "submission_id": each.submission_id}, found)
            for each, found in scored
        ]
        ProspectiveScore.objects.bulk_create(
            ProspectiveScore(**who, **found.row) for who, found in whose
        )
        if look.is_shown:
            grid = seen.grid
            ProspectiveResult.objects.bulk_create(
                ProspectiveResult(**who, **_rounded(found, grid=grid, look=look))
                for who, found in whose
            )
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="prospective_scored",
            actor=ACTOR,
            payload={
                "round": round.number,
                "holdout": str(holdout.pk),
                "version": version.number,
                "n_labelled": version.n_labelled,
                "is_shown": look.is_shown,
            },
            now=now,
        )
        if version.n_labelled == holdout.n_items:
            holdouts.retire(holdout=holdout, actor=ACTOR, now=now)


def _may_show(round: Round, holdout: Holdout, version: LabelVersion) -> bool:
    shown = ProspectiveLook.objects.filter(round=round, holdout=holdout, is_shown=True)
    last = shown.order_by("-label_version").values_list("n_labelled", flat=True).first() or 0
    return version.n_labelled - last >= MIN_NEW_LABELS


def _finals(round: Round) -> Iterator[Final]:
    finals = Final.objects.filter(round=round, team__is_reference=False)
    yield from finals.select_related("submission").order_by("team_id")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a final is worth, exactly."""

    row: Row
    # The plain mean of what is labelled; None where the metric is no mean of items.
    mean: float | None = None


def _rounded(found: _Found, *, grid: Coarse, look: ProspectiveLook) -> Row:
    """Put a row on the grid; its bounds are made of what is shown, so that they tell nothing more."""
    row = dict(found.row)
    value, low, high = row["value"], row["low"], row["high"]
    if found.mean is not None:
        # Where delays forbid a score, bounds hold all the same: of the mean that would have been shown.
        row["bound_low"], row["bound_high"] = grid.worst_case(
            value=found.mean if value is None else value,
            n_labelled=look.n_labelled,
            n_items=look.holdout.n_items,
            is_weighted=row["is_weighted"],
        )
    if low is not None:
        low, high = grid.score_interval(value=value, low=low, high=high)
        row["low"], row["high"] = max(low, row["bound_low"]), min(high, row["bound_high"])
    if value is not None:
        row["value"] = grid.figure(value)
    return row


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The labels of one version, and what a final's predictions are worth on them."""

    holdout: Holdout
    round: Round
    opened: OpenLabels

    @cached_property
    def scorer(self) -> Scorer:
        return scorer_of(benchmark=self.holdout.benchmark)

    @cached_property
    def grid(self) -> Coarse:
        return coarse(
            unit=self.scorer.unit, bounds=self.scorer.bounds, n_fresh=len(self.opened.positions)
        )

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Places of the labelled among the holdout's items."""
        return self.opened.positions - self.holdout.awaited.first_position

    @cached_property
    def delays(self) -> NDArray[np.float64]:
        """Seconds from the lock of predictions to each label's arrival; NaN where there is none."""
        locked = awaited.locked_at(round=self.round)
        assert locked is not None  # a published round's finals are locked
        delays = np.full(self.holdout.n_items, np.nan)
        delays[self.places] = [
            (dt.datetime.fromisoformat(each) - locked).total_seconds()
            for each in self.opened.slices[label_batches.ARRIVED]
        ]
        return delays

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """All items in order of arrival: by batch first, so that a later look only adds at the end.

        Of labels that arrived at once by an order that was fixed when the items were published: that of the
        file can go from easy to hard, and a sequence takes what comes first for more.
        """
        since = np.full(self.holdout.n_items, np.inf)
        since[self.places] = [int(each) for each in self.opened.slices[label_batches.SINCE]]
        at_once = np.random.default_rng(self.holdout.pk.int).permutation(self.holdout.n_items)
        return np.lexsort((at_once, np.nan_to_num(self.delays, nan=np.inf), since))

    def score(self, final: Final) -> _Found:
        """Score one final, or say why there is no score."""
        try:
            answers = predictions.load(file_key=final.submission.file_key)
        except (VaultError, OSError):
            return _Found(row=_without(DAMAGED))
        first = self.holdout.awaited.first_position
        own = answers[first : first + self.holdout.n_items]
        items = self.scorer.items(labels=self.opened.labels, predictions=own[self.places])
        losses = np.full(self.holdout.n_items, np.nan)
        losses[self.places] = -items
        strata = _strata(own)
        late = lateness(delays=self.delays, losses=losses, strata=strata)
        if self.scorer.is_mean and len(self.places):
            return self._mean(losses, strata, late)
        if late.reason:
            return _Found(row=_without(late.reason))
        if late.is_weighted:
            return _Found(row=_without(NOT_A_MEAN))
        value = self.scorer.score(labels=self.opened.labels, predictions=own[self.places])
        return _Found(row={**_without(""), "value": value})

    def _mean(
        self, losses: NDArray[np.float64], strata: NDArray[np.int64], late: Lateness
    ) -> _Found:
        """Put losses on [0, 1], and what comes out back in the metric's units."""
        low, high = self.scorer.bounds
        best = max(self.scorer.orient(low), self.scorer.orient(high))
        unit = self.scorer.unit
        shares = np.clip((losses + best) / unit, 0.0, 1.0)
        mean = self.scorer.orient(best - float(shares[self.places].mean()) * unit)
        if late.reason:
            return _Found(row=_without(late.reason), mean=mean)
        found = awaited_mean(
            losses=shares[self.order], strata=strata[self.order], is_weighted=late.is_weighted
        )
        ends = [
            self.scorer.orient(best - each * unit) for each in (found.value, found.low, found.high)
        ]
        row = {
            "value": ends[0],
            "low": min(ends[1:]),
            "high": max(ends[1:]),
            "is_weighted": late.is_weighted,
            "reason": "",
        }
        return _Found(row=row, mean=mean)


def _without(reason: str) -> Row:
    return {"value": None, "low": None, "high": None, "is_weighted": False, "reason": reason}


def _strata(answers: NDArray[Any]) -> NDArray[np.int64]:
    """Say what kind of prediction each is: its class, or its quarter."""
    if answers.ndim == 2:
        found = answers.argmax(axis=1)
    elif answers.dtype.kind in "iu":
        found = answers
    else:
        found = np.digitize(answers, np.unique(np.quantile(answers, QUARTERS)))
    return np.asarray(found, dtype=np.int64)
