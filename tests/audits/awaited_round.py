"""A published round with a prospective holdout, and a provider who delivers its labels."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits import prospective
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import label_providers, predictions
from vault import rounds as vault_rounds
from vault.files import batch_tables
from vault.models import (
    Final,
    Holdout,
    LabelBatch,
    LabelProvider,
    ProspectiveResult,
    ProspectiveScore,
    Round,
)
from vault.sealing import awaited, batch_sealing
from vault.statuses import RoundStatus

N_LATER = 200
DAY = dt.timedelta(days=1)
SHARE = 0.5
CLASSES = "01"


@dataclass(kw_only=True)
class Awaited:
    world: World
    holdout: Holdout
    provider: LabelProvider
    token: str
    # Of the prospective items, in the panel's order.
    truth: NDArray[np.uint8]
    now: dt.datetime = NOW + 2 * DAY

    @property
    def ids(self) -> list[str]:
        return [f"later-{i:04d}" for i in range(len(self.truth))]

    def rows(self, places: Iterable[int], **changed: str) -> list[dict[str, str]]:
        """Rows of these items, an hour apart in a fixed disorder; `changed` says what they hold instead."""
        found = []
        for i in places:
            event = NOW + dt.timedelta(minutes=1 + (i * 37) % N_LATER)
            row = {
                "id": self.ids[i],
                "label": CLASSES[self.truth[i]],
                "event_time": event.isoformat(),
                "arrived_at": (event + dt.timedelta(hours=1)).isoformat(),
            }
            found.append({**row, **changed})
        return found

    def envelope(self, rows: list[dict[str, str]], **changed: str) -> bytes:
        key = label_providers.audit_key()
        assert key is not None
        given = {"benchmark": self.world.benchmark.slug, "holdout": str(self.holdout.pk), **changed}
        return batch_sealing.sealed(body=text_of(rows), public_key=bytes(key.public_key), **given)

    def deliver(self, rows: list[dict[str, str]], *, key: str = "") -> LabelBatch:
        with acting_as("web"):
            batch, _ = label_providers.receive(
                provider=self.provider,
                holdout=self.holdout,
                body=self.envelope(rows),
                idempotency_key=key,
                now=self.now,
            )
        return batch

    def advance(self) -> None:
        with acting_as("audit"):
            assert prospective.advance(holdout_id=self.holdout.pk, clock=lambda: self.now)

    def delivered(self, places: Iterable[int], **changed: str) -> LabelBatch:
        """A batch that was sent and settled."""
        batch = self.deliver(self.rows(places, **changed))
        self.advance()
        batch.refresh_from_db()
        return batch


def text_of(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, batch_tables.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def publish_items(
    world: World, *, n: int = N_LATER, share: float | None = SHARE, at: dt.datetime | None = None
) -> Holdout:
    with acting_as("researcher"):
        return awaited.publish_items(
            benchmark=world.benchmark,
            ids=pa.array([f"later-{i:04d}" for i in range(n)]),
            mature_share=share,
            mature_at=at,
            actor="olivia",
            now=NOW,
        )


def planned(
    slug: str,
    *,
    seed: int = 8,
    at: dt.datetime | None = None,
    share: float | None = SHARE,
    **given: object,
) -> Awaited:
    """A round that measures a prospective holdout, too; its teams are still to come."""
    world = make_world(slug, closes_at=stage.FAR_AHEAD, **given)  # type: ignore[arg-type]
    holdout = publish_items(world, share=share, at=at)
    # The world's own round is of the panel before; another is planned, of all items.
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    world.round = vault_rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh, holdout],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=stage.FAR_AHEAD,
        window_seconds=86400,
        window_limit=1000,
        total_limit=1000,
        concurrent_limit=1000,
        max_teams=50,
        actor="olivia",
        now=NOW,
    )
    truth = np.random.default_rng(seed).integers(2, size=N_LATER).astype(np.uint8)
    world.labels = np.concatenate([world.labels, truth])
    with acting_as("researcher"):
        provider, token = label_providers.add(
            benchmark=world.benchmark, name="registry", expires_at=None, actor="olivia", now=NOW
        )
    return Awaited(world=world, holdout=holdout, provider=provider, token=token, truth=truth)


def closed(slug: str, *, seed: int = 8, **given: object) -> Awaited:
    """Two teams have answered, and finals are locked at `NOW`."""
    made = planned(slug, seed=seed, **given)  # type: ignore[arg-type]
    world, rng = made.world, np.random.default_rng(seed)
    is_sure = world.benchmark.prediction_form == "probability"
    baseline = stage.noisy(world, rng, accuracy=0.6)
    world.open(baseline=baseline * 0.8 + 0.1 if is_sure else baseline)
    for name, accuracy in (("fair", 0.7), ("good", 0.85)):
        answers = stage.noisy(world, rng, accuracy=accuracy)
        # Where probabilities are predicted, a sure one for each.
        world.answered(world.team(name), answers * 0.8 + 0.1 if is_sure else answers)
    stage.closing(world)
    vault_rounds.close(round=world.round, actor="test", now=NOW)
    return made


def published(slug: str, *, seed: int = 8, **given: object) -> Awaited:
    made = closed(slug, seed=seed, **given)
    stage.published(stage.audited(made.world))
    assert made.world.round.status == RoundStatus.PUBLISHED
    return made


def right(given: Awaited, name: str) -> Any:
    """Which of its prospective items a team's final has right."""
    final = Final.objects.select_related("submission").get(
        round=given.world.round, team=given.world.teams[name]
    )
    return predictions.load(file_key=final.submission.file_key)[-N_LATER:] == given.truth


def interval(row: ProspectiveScore | ProspectiveResult) -> list[float]:
    return [each for each in (row.low, row.value, row.high) if each is not None]


def bounds(row: ProspectiveResult) -> list[float]:
    return [each for each in (row.bound_low, row.bound_high) if each is not None]
