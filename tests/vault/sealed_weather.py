"""Weather labels, sealed in two shards, for tests of holdouts."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pytest_django import Settings

from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Holdout
from vault.sealing import holdouts, sealing_keys
from vault.sealing.drawn_units import Shard
from vault.sealing.sealed_labels import OpenLabels
from vault.sealing.sealing_keys import Purpose

N = 40
SHARDS = [Shard(kind="iid", status="QUERY", n=15), Shard(kind="iid", status="FRESH", n=25)]

# One day longer, and the period of `table_of` would begin too early.
LATER: dict[str, Any] = {"trained_until": dt.date(2000, 12, 1), "label_delay_days": 31}


def make_keys(directory: Path, settings: Settings) -> None:
    """Both private keys in this one process; tests that need another process take one away."""
    settings.MEDIA_ROOT = str(directory / "files")
    settings.SCORING_PRIVATE_KEY_FILE = str(directory / "scoring.pem")
    settings.AUDIT_PRIVATE_KEY_FILE = str(directory / "audit.pem")
    sealing_keys.create(purpose="scoring", private_key_file=directory / "scoring.pem")
    sealing_keys.create(purpose="audit", private_key_file=directory / "audit.pem")


def make_benchmark(slug: str = "weather") -> Benchmark:
    return Benchmark.objects.create(
        slug=slug,
        title="Weather",
        task="binary",
        classes=["dry", "rain"],
        prediction_form="label",
        primary_metric="accuracy_score",
    )


def table_of(n: int = N, first: int = 0) -> LabelTable:
    """Item i is rainy when i is a multiple of 3, whatever the order of the rows."""
    ids = np.random.default_rng(1).permutation(n) + first
    return LabelTable(
        ids=pa.array(ids),
        labels=(ids % 3 == 0).astype(np.int64),
        slices={"season": pa.array([f"s{i % 4}" for i in ids]).dictionary_encode()},
        times=pa.array([f"2001-01-{i % 28 + 1:02d}" for i in ids]).dictionary_encode(),
        # One each: sizes are exact.
        groups=pa.array([f"station {i}" for i in ids]).dictionary_encode(),
    )


def seal(
    benchmark: Benchmark,
    now: dt.datetime,
    *,
    shards: list[Shard] = SHARDS,
    table: LabelTable | None = None,
    seed: int = 7,
) -> list[Holdout]:
    return holdouts.seal(
        benchmark=benchmark,
        labels=table or table_of(),
        shards=shards,
        rng=np.random.default_rng(seed),
        actor="olivia",
        now=now,
    )


def open_labels(holdout: Holdout, purpose: Purpose, now: dt.datetime) -> OpenLabels:
    return holdouts.open_labels(
        holdout=holdout, purpose=purpose, reason={"submission": "s1"}, actor="worker", now=now
    )
