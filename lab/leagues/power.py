"""How often the accusation finds an attacker, in a single test and at the first step of a round's Holm.

The task has two classes; an attacker owns a baseline model of accuracy .75 and votes at random on the
contested fifth of the items, where a second model as good disagrees with it. Exact answers; every file
is part of the menu. 5a compares with the first file, 5b with three references that err much as the
baseline does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lab.leagues.pool import Right
from stats import inflation
from stats.accusation import ALPHA
from stats.inflation import Sadd
from stats.menu import menu

BASE, CONTESTED = 0.75, 0.2
DELTA0 = 0.005
# Test level, and teams in the round whose first Holm step is meant.
LEVEL, N_TEAMS = 0.05, 20


@dataclass(frozen=True, kw_only=True)
class Task:
    """Which items the baseline gets right, and which are contested; n query items first."""

    n: int
    m: int
    baseline: NDArray[np.bool_]
    contested: NDArray[np.bool_]

    def votes(self, k: int, rng: np.random.Generator) -> Right:
        """Random answers on the contested items; whether each is right, shape (n+m, k)."""
        right = np.repeat(self.baseline[:, None], k, axis=1)
        where = np.flatnonzero(self.contested)
        right[where] = rng.random((len(where), k), dtype=np.float32) < 0.5
        return right


def make_task(*, n: int, m: int, rng: np.random.Generator) -> Task:
    """On contested items the baseline is right half of the time, elsewhere so that its accuracy is .75."""
    contested = rng.random(n + m) < CONTESTED
    elsewhere = (BASE - CONTESTED / 2) / (1 - CONTESTED)
    baseline = rng.random(n + m) < np.where(contested, 0.5, elsewhere)
    return Task(n=n, m=m, baseline=baseline, contested=contested)


def linear_vote(task: Task, k: int, rng: np.random.Generator) -> Right:
    """Baseline, k random votes, and their composition weighted by the released scores."""
    votes = task.votes(k, rng)
    score = votes[: task.n].mean(axis=0)
    # Signs relative to the truth serve as well as signs of answers: both turn together.
    tally = np.where(votes, 1.0, -1.0) @ (score - score.mean())
    final = np.where(task.contested, tally > 0, task.baseline)
    return np.column_stack([task.baseline, votes, final])


def hill_climb(task: Task, k: int, rng: np.random.Generator, *, h: int = 9) -> Right:
    """Turns h answers on contested query or fresh items at a time, and keeps what scores better."""
    where = np.flatnonzero(task.contested)
    share = task.n / (task.n + task.m)
    turned = max(1, round(h / share))
    right = task.baseline.copy()
    columns, best = [right.copy()], right[: task.n].sum()
    for _ in range(k):
        trial = right.copy()
        chosen = rng.choice(where, size=min(turned, len(where)), replace=False)
        trial[chosen] ^= True
        columns.append(trial)
        if trial[: task.n].sum() > best:
            right, best = trial, trial[: task.n].sum()
    return np.column_stack([*columns, right])


Attack = Callable[[Task, int, np.random.Generator], Right]
Disguise = Callable[[Task, Right, np.random.Generator], Right]


def plain(task: Task, right: Right, rng: np.random.Generator) -> Right:
    return right


def with_decoys(task: Task, right: Right, rng: np.random.Generator) -> Right:
    """Fifty random files before the final: they widen what luck could show."""
    noise = rng.random((len(right), 50), dtype=np.float32) < 0.5
    return np.column_stack([right[:, :-1], noise, right[:, -1]])


def odd_first(task: Task, right: Right, rng: np.random.Generator) -> Right:
    """A first file of random answers instead of the baseline."""
    noise = rng.random(len(right), dtype=np.float32) < 0.5
    return np.column_stack([noise, right[:, 1:]])


def clean_account(task: Task, right: Right, rng: np.random.Generator) -> Right:
    """The composed file alone, from an account that asked nothing."""
    return right[:, -1:]


def improves_first(task: Task, right: Right, rng: np.random.Generator) -> Right:
    """Thirty honest steps up to the baseline before the attack."""
    worse = np.linspace(0.06, 0.002, 30)
    steps = task.baseline[:, None] & (rng.random((len(right), 30)) > worse)
    return np.column_stack([steps, right])


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One line: an attack under a disguise, `k` queries, on n query and m fresh items."""

    name: str
    attack: Attack
    k: int
    n: int
    m: int
    disguise: Disguise = plain
    reps: int = 400


@dataclass(frozen=True, kw_only=True)
class Power:
    """
    Measured shares of one attempt.

    Parameters
    ----------
    attempt : Attempt
    reps : int
    own_first, organiser : float
        Single test at .05; NaN where it cannot run.
    confirmed : float
        p <= .005/20 for either test and more than delta0 beyond luck: the first Holm step of 20 teams.
    inflation : float
        Mean D.
    effect : float
        Mean minimum detectable effect printed, of the test whose D is shown.
    """

    attempt: Attempt
    reps: int
    own_first: float
    organiser: float
    confirmed: float
    inflation: float
    effect: float


def measure(*, attempt: Attempt, reps: int, rng: np.random.Generator) -> Power:
    pairs = [_attempted(attempt, rng) for _ in range(reps)]
    shown = [own or organiser for own, organiser in pairs]
    own = [own.p_value <= LEVEL for own, _ in pairs if own is not None]
    return Power(
        attempt=attempt,
        reps=reps,
        own_first=float(np.mean(own)) if own else np.nan,
        organiser=float(np.mean([each.p_value <= LEVEL for _, each in pairs])),
        confirmed=float(np.mean([_confirmed(*pair) for pair in pairs])),
        inflation=float(np.mean([each.inflation for each in shown])),
        effect=float(np.mean([each.minimum_detectable_effect for each in shown])),
    )


def _attempted(attempt: Attempt, rng: np.random.Generator) -> tuple[Sadd | None, Sadd]:
    task = make_task(n=attempt.n, m=attempt.m, rng=rng)
    right = attempt.disguise(task, attempt.attack(task, attempt.k, rng), rng)
    own = _tested(task, right, right[:, :1], rng) if right.shape[1] > 1 else None
    return own, _tested(task, right, _references(task, rng), rng)


def _references(task: Task, rng: np.random.Generator) -> Right:
    """Three models like the baseline: each differs from it in a tenth of the items, and is as good."""
    anew = rng.random((len(task.baseline), 3)) < BASE
    changed = rng.random((len(task.baseline), 3)) < 0.2
    return np.where(changed, anew, task.baseline[:, None])


def _tested(task: Task, right: Right, against: Right, rng: np.random.Generator) -> Sadd:
    n = task.n
    stacked = menu(
        query_scores=right[:n],
        fresh_scores=right[n:],
        query_references=against[:n],
        fresh_references=against[n:],
    )
    return inflation.sadd(
        menu=stacked, final=right.shape[1] - 1, rng=rng, n_tests=N_TEAMS, alpha=ALPHA
    )


def _confirmed(*tests: Sadd | None) -> bool:
    return any(
        each is not None and each.p_value <= ALPHA / N_TEAMS and each.excess_low > DELTA0
        for each in tests
    )


def _attempt(
    name: str, attack: Attack, k: int, n: int = 2000, m: int = 4000, **more: object
) -> Attempt:
    return Attempt(name=f"{name}, k={k}, n={n}, m={m}", attack=attack, k=k, n=n, m=m, **more)  # type: ignore[arg-type]


ATTEMPTS: list[Attempt] = [
    _attempt("linear vote", linear_vote, 50),
    _attempt("linear vote", linear_vote, 100),
    _attempt("linear vote, m=n/2", linear_vote, 100, 2000, 1000),
    _attempt("linear vote", linear_vote, 300, 3000, 6000, reps=200),
    _attempt("linear vote after 30 honest steps", linear_vote, 100, disguise=improves_first),
    _attempt("linear vote and 50 decoys", linear_vote, 100, disguise=with_decoys),
    _attempt("linear vote, odd first file", linear_vote, 100, disguise=odd_first),
    _attempt("linear vote, clean account", linear_vote, 100, disguise=clean_account),
    _attempt("hill climb, h=9", hill_climb, 100),
    _attempt("hill climb, h=9, and 50 decoys", hill_climb, 100, disguise=with_decoys),
    _attempt("hill climb, h=9, clean account", hill_climb, 100, disguise=clean_account),
    _attempt("hill climb, h=60", partial(hill_climb, h=60), 300, 3000, 6000, reps=200),
]
