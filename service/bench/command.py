"""`run.py bench`: our computations beside the usual ones, measured in turn in one run.

What counts is the ratio: how many times longer the other side takes. Bare times speak of the machine; only
those of an audit, which promises some, and of a poll stand beside it. Both sides compute the same quantity;
"exact in law" means that the distribution of the resampled values is equal, not each value.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

from service.bench import large_audit, pipeline, status_poll
from service.bench.large_audit import AuditRow
from service.bench.pipeline import PipelineRow
from service.bench.status_poll import PollRow
from stats.bootstrap import accuracy_bootstrap, auc_bootstrap, poisson_bootstrap

N_DRAWS = 1_000
ROUNDS = 5
# A side that takes less is repeated until it takes this long, so that the clock can tell.
MIN_SECONDS = 0.02
N_MODELS = 50

# Measured on a running service, unlike the others.
POLL = "poll"

Side = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is compared."""

    ours: Side
    theirs: Side
    n: int  # items
    beside: str  # what the other side is, in words
    share: float = 1.0  # the part of the work that `theirs` does; its time is extrapolated linearly


@dataclass(frozen=True, kw_only=True)
class Row:
    """The median ratio over the rounds, and the smallest and largest."""

    name: str
    n: int
    beside: str
    ratio: float
    low: float
    high: float


def accuracy_pair(n: int) -> Pair:
    right = np.random.default_rng(1).random(n) < 0.8

    def theirs() -> object:
        return bootstrap(
            (right,),
            np.mean,
            n_resamples=N_DRAWS,
            batch=50,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(2),
        )

    def ours() -> object:
        draws = accuracy_bootstrap(
            n_correct=int(np.count_nonzero(right)),
            n=n,
            rng=np.random.default_rng(2),
            n_draws=N_DRAWS,
        )
        return np.quantile(draws, [0.025, 0.975])

    return Pair(ours=ours, theirs=theirs, n=n, beside="scipy.stats.bootstrap, vectorized")


def auc_pair(n: int) -> Pair:
    rng = np.random.default_rng(3)
    labels = (rng.random(n) < 0.3).astype(np.int64)
    scores = rng.normal(labels, 1.0)
    loops = 10

    def theirs() -> object:
        draws = np.random.default_rng(4)
        chosen = [draws.integers(n, size=n) for _ in range(loops)]
        return [roc_auc_score(labels[each], scores[each]) for each in chosen]

    def ours() -> object:
        return auc_bootstrap(
            labels=labels, scores=scores, rng=np.random.default_rng(4), n_draws=N_DRAWS
        )

    beside = f"scikit-learn roc_auc_score, {loops} loops extrapolated to {N_DRAWS}"
    return Pair(ours=ours, theirs=theirs, n=n, beside=beside, share=loops / N_DRAWS)


def ranks_pair(n: int) -> Pair:
    scores = (np.random.default_rng(5).random((n, N_MODELS)) < 0.8).astype(np.float32)
    loops = 50

    def theirs() -> object:
        draws = np.random.default_rng(6)
        return [scores[draws.integers(n, size=n)].mean(axis=0) for _ in range(loops)]

    def ours() -> object:
        return poisson_bootstrap(item_scores=scores, rng=np.random.default_rng(6), n_draws=N_DRAWS)

    beside = f"loop over resampled items, {loops} extrapolated to {N_DRAWS}"
    return Pair(ours=ours, theirs=theirs, n=n, beside=beside, share=loops / N_DRAWS)


BENCHES: dict[str, Callable[[], Pair]] = {
    "bootstrap_accuracy": lambda: accuracy_pair(100_000),
    "bootstrap_auc": lambda: auc_pair(10_000),
    "ranks_50_models": lambda: ranks_pair(20_000),
}


def measure(name: str, pair: Pair, *, rounds: int = ROUNDS) -> Row:
    """Time both sides in turn, after one call of each that is not counted."""
    pair.ours()
    pair.theirs()
    ratios = [seconds(pair.theirs) / pair.share / seconds(pair.ours) for _ in range(rounds)]
    return Row(
        name=name,
        n=pair.n,
        beside=pair.beside,
        ratio=float(np.median(ratios)),
        low=min(ratios),
        high=max(ratios),
    )


def seconds(side: Side) -> float:
    """Measure one call, by as many calls as the clock needs."""
    calls, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < MIN_SECONDS or calls == 0:
        side()
        calls += 1
    return elapsed / calls


def _measured(name: str) -> list[Row | AuditRow | PollRow | PipelineRow]:
    print(f"bench: {name}", file=sys.stderr, flush=True)
    if name == POLL:
        return [status_poll.measure()]
    if name == pipeline.NAME:
        return [pipeline.measure(n) for n in pipeline.SIZES]
    if name == large_audit.NAME:
        return [large_audit.measure(metric) for metric in large_audit.METRICS]
    return [measure(name, BENCHES[name]())]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.py bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    parser.add_argument(
        "--gate", action="store_true", help="fail if a submission or a poll costs more than it may"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(names()))
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(names())}")
    measured = [row for name in options.names or names() for row in _measured(name)]
    for kind, table_of in TABLES.items():
        rows = [row for row in measured if isinstance(row, kind)]
        if rows:
            print(table_of(rows), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in measured], indent=2) + "\n")
    refused = []
    if options.gate:
        refused += pipeline.too_costly([row for row in measured if isinstance(row, PipelineRow)])
        refused += status_poll.too_slow([row for row in measured if isinstance(row, PollRow)])
    for sentence in refused:
        print(f"bench: {sentence}", file=sys.stderr)
    return 1 if refused else 0


def names() -> list[str]:
    return [*BENCHES, large_audit.NAME, POLL, pipeline.NAME]


def table(rows: list[Row]) -> str:
    lines = ["| what | n | times faster | of 5 rounds | than |", "|---|---|---|---|---|"]
    for row in rows:
        spread = f"{row.low:,.0f} to {row.high:,.0f}"
        lines.append(f"| {row.name} | {row.n:,} | {row.ratio:,.0f} | {spread} | {row.beside} |")
    return "\n".join(lines)


TABLES: dict[type, Callable[[list[Any]], str]] = {
    Row: table,
    AuditRow: large_audit.table,
    PollRow: status_poll.table,
    PipelineRow: pipeline.table,
}
