"""A prospective holdout: items without labels, the round that awaits them, and when scores may be read.

Its items are published when it is made and have no label anywhere, so there is nothing to draw, to encrypt or
to commit to: that comes with each batch.
"""

import datetime as dt
import uuid
from typing import Any

import pyarrow as pa
from django.db import transaction

from vault import journal, panel
from vault.errors import SealingError
from vault.holdout_kinds import WITHOUT_LABELS
from vault.models import AwaitedLabels, Benchmark, Holdout, LabelVersion, Round
from vault.statuses import FINALS_LOCKED, HoldoutStatus, RoundStatus


@transaction.atomic
def publish_items(
    *,
    benchmark: Benchmark,
    ids: pa.Array,
    mature_share: float | None,
    mature_at: dt.datetime | None,
    actor: str,
    now: dt.datetime,
) -> Holdout:
    """Make a prospective holdout of new items, which the next planned round's files answer, too."""
    if mature_share is None and mature_at is None:
        raise SealingError("say from which share of labels, or from when on, scores are shown")
    if mature_share is not None and not 0 < mature_share <= 1:
        raise SealingError("the share of labels is above 0 and at most 1")
    if mature_at is not None and mature_at <= now:
        raise SealingError("the time from which on scores are shown is to come")
    # One draw at a time: each panel is made of the one before it.
    Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
    before = panel.latest(benchmark=benchmark)
    published = panel.publish(benchmark=benchmark, ids=ids)
    (kind,) = WITHOUT_LABELS
    holdout = Holdout.objects.create(
        benchmark=benchmark,
        panel=published,
        kind=kind,
        status=HoldoutStatus.FRESH,
        n_items=len(ids),
        batch=uuid.uuid4(),
        sealed_at=now,
    )
    AwaitedLabels.objects.create(
        holdout=holdout,
        first_position=0 if before is None else before.n_items,
        mature_share=mature_share,
        mature_at=mature_at,
    )
    LabelVersion.objects.create(holdout=holdout, number=0, n_labelled=0, arrived_at=now)
    journal.append(
        benchmark_id=benchmark.pk,
        kind="items_published",
        actor=actor,
        payload={
            "holdout": str(holdout.pk),
            "panel": published.version,
            "panel_sha256": published.sha256,
            "n_items": holdout.n_items,
            "mature_share": mature_share,
            "mature_at": None if mature_at is None else mature_at.isoformat(),
        },
        now=now,
    )
    return holdout


def round_of(*, holdout: Holdout) -> Round | None:
    """Find the round whose finals are measured on the holdout: at most one is planned with it."""
    rounds = Round.objects.filter(fresh_holdouts=holdout).exclude(status=RoundStatus.CANCELLED)
    return rounds.select_related("benchmark", "query_holdout").first()


def locked_at(*, round: Round | None) -> dt.datetime | None:
    """Say from when on no prediction could change; None while one still can."""
    if round is None or round.status not in FINALS_LOCKED:
        return None
    return round.stopped_at or round.closes_at


def is_mature(*, awaited: AwaitedLabels, n_labelled: int, now: dt.datetime) -> bool:
    """Tell whether the rule that was fixed with the items lets scores be read."""
    share = n_labelled / awaited.holdout.n_items
    by_share = awaited.mature_share is not None and share >= awaited.mature_share
    by_time = awaited.mature_at is not None and now >= awaited.mature_at
    return n_labelled > 0 and (by_share or by_time or share == 1)


def rule_of(*, awaited: AwaitedLabels) -> str:
    """Say it in words."""
    parts: list[Any] = []
    if awaited.mature_share is not None:
        parts.append(f"once {awaited.mature_share:.0%} of the items have a label")
    if awaited.mature_at is not None:
        parts.append(f"from {awaited.mature_at:%Y-%m-%d %H:%M} UTC on")
    return " or ".join(parts)
