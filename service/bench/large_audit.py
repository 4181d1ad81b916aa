"""`run.py bench audit`: what judging a large round takes, beside a plain loop over the same statistics.

Each metric is measured in a process of its own, set up as the audit's worker is, so that the memory is that
of the judge and of the round alone. The loop shuffles the items, scores all files of a team by indexing and
compares the best one; it makes a few draws for one team, and its time is extrapolated to the draws that the
judge made for all of them.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from lab.leagues import large_round
from lab.leagues.large_round import LargeRound, Metric
from service.bench import apart
from stats import references as compare
from stats.accusation import Contestant, accuse

NAME = "audit"
METRICS: tuple[Metric, ...] = get_args(Metric)
N_LOOPS = 20
DELTA0 = 0.005
SEED = 1
KIB_PER_GIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of the round that is judged."""

    teams: int = 200
    files: int = 100
    n: int = 10_000
    m: int = 20_000


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """What judging a round took, without making it."""

    name: str
    metric: str
    teams: int
    files: int
    seconds: float  # by the clock
    cpu_seconds: float  # of processor time, all cores together
    peak_gib: float  # largest resident memory of the process, the round included
    accused: int  # teams, of three attackers
    draws: int  # repeated draws, summed over the teams
    ratio: float  # how many times longer the loop would take


def measure(metric: Metric, *, size: Size = Size()) -> AuditRow:
    """Measure in a process of its own."""
    return AuditRow(**apart.answer_of("large_audit", json.dumps([metric, asdict(size)])))


def judged(metric: Metric, size: Size) -> AuditRow:
    """Judge in this process, whose memory has to be fresh."""
    made = large_round.make(
        metric=metric,
        n_teams=size.teams,
        n_files=size.files,
        n=size.n,
        m=size.m,
        rng=np.random.default_rng(SEED),
    )
    started, worked = time.perf_counter(), time.process_time()
    tests = accuse(
        draw=made.draw,
        score=made.score,
        contestants=made.contestants,
        references=made.references,
        n_teams=size.teams,
        tie=large_round.TIE,
        rng=np.random.default_rng(SEED + 1),
    )
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    peak_gib = _peak_kib() / KIB_PER_GIB
    draws = sum(max(each.n_draws for each in one.tests.values()) for one in tests.values())
    return AuditRow(
        name=NAME,
        metric=metric,
        teams=size.teams,
        files=size.files,
        seconds=round(seconds, 2),
        cpu_seconds=round(cpu_seconds, 2),
        peak_gib=round(peak_gib, 2),
        accused=sum(each.accuses(delta0=DELTA0) for each in tests.values()),
        draws=draws,
        ratio=round(_seconds_of_a_draw(made) * draws / seconds, 1),
    )


def _peak_kib() -> int:
    """Largest resident memory of this process so far, in KiB."""
    # Not `getrusage`: a child that was started by a larger process begins with its parent's peak there.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _seconds_of_a_draw(made: LargeRound) -> float:
    """Time a draw of one honest team, both kinds of reference, without a thought for speed."""
    contestant = list(made.contestants.values())[-1]
    started = time.perf_counter()
    loop(made, contestant, rng=np.random.default_rng(SEED + 2), n_draws=N_LOOPS)
    return (time.perf_counter() - started) / N_LOOPS


def loop(
    made: LargeRound, contestant: Contestant, *, rng: np.random.Generator, n_draws: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Compute the statistic of the best file of each draw, shape (draws, kinds)."""
    items = np.hstack([contestant.files.items, made.references.items])
    k, n = contestant.files.k, made.draw.n
    pool = compare.pool(items=items, k=k, draw=made.draw)
    kinds = [compare.organizer(pool=pool), compare.own_files(pool=pool)]
    found = np.empty((n_draws, len(kinds)))
    for row in range(n_draws):
        order = rng.permutation(len(items))
        query = items[order[:n]].mean(axis=0, dtype=np.float64)
        fresh = items[order[n:]].mean(axis=0, dtype=np.float64)
        best = np.argmax(query[:k])
        found[row] = [kind.statistics((query - fresh)[None, :])[0, best] for kind in kinds]
    return found


def table(rows: list[AuditRow]) -> str:
    lines = [
        "| audit of | teams x files | seconds | CPU seconds | peak GiB | accused | times faster |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.metric} | {row.teams} x {row.files} | {row.seconds:,.0f} | {row.cpu_seconds:,.0f} "
            f"| {row.peak_gib:.1f} | {row.accused} | {row.ratio:,.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    chosen, measured = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(asdict(judged(chosen, Size(**measured)))))
