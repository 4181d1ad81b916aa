"""How often an attacker is CONFIRMED, in a round of 20 teams.

The task has two classes; an attacker owns a baseline model of accuracy .75 and votes at random on the
contested fifth of the items, where a second model as good disagrees with it. Exact answers; every file
is part of the menu. The organizer's three references err much as the baseline does. Only the attacker plays;
Holm counts the two files of each of 20 teams, so its first step is what an attacker among honest teams meets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lab.leagues.league import DELTA0, Judged, judge, of_answers
from lab.leagues.players import Menu
from lab.leagues.pool import Right
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES
from stats.verdict import Verdict

BASE, CONTESTED = 0.75, 0.2
# Level of a single test, and teams in the round.
LEVEL, N_TEAMS = 0.05, 20
N_DECOYS, N_BOOSTED_EARLY, N_RANDOM_FIRST, N_TWEAKED = 50, 5, 6, 20


@dataclass(frozen=True, kw_only=True)
class Task:
    """Which items the baseline gets right, and which are contested; n query items first."""

    n: int
    m: int
    baseline: NDArray[np.bool_]
    contested: NDArray[np.bool_]

    def votes(self, k: int, rng: np.random.Generator) -> Right:
        """Draw random answers on the contested items; whether each is right, shape (n+m, k)."""
        right = np.repeat(self.baseline[:, None], k, axis=1)
        where = np.flatnonzero(self.contested)
        right[where] = rng.random((len(where), k), dtype=np.float32) < 0.5
        return right


def make_task(
    *,
    n: int,
    m: int,
    rng: np.random.Generator,
    base: float = BASE,
    share_contested: float = CONTESTED,
) -> Task:
    """Draw a task: the baseline is right on half of the contested items, and on `base` of all."""
    contested = rng.random(n + m) < share_contested
    on_others = (base - share_contested / 2) / max(1 - share_contested, 1e-9)
    baseline = rng.random(n + m) < np.where(contested, 0.5, on_others)
    return Task(n=n, m=m, baseline=baseline, contested=contested)


def linear_vote(task: Task, k: int, rng: np.random.Generator) -> Right:
    """Hand in the baseline, k random votes, and their composition weighted by the released scores."""
    votes = task.votes(k, rng)
    score = votes[: task.n].mean(axis=0)
    # Signs relative to the truth serve as well as signs of answers: both turn together.
    tally = np.where(votes, 1.0, -1.0) @ (score - score.mean())
    final = np.where(task.contested, tally > 0, task.baseline)
    return np.column_stack([task.baseline, votes, final])


def hill_climb(task: Task, k: int, rng: np.random.Generator, *, h: int = 9) -> Right:
    """Turn h answers on contested query or fresh items at a time, and keep what scores better."""
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
Disguise = Callable[[Task, Right, np.random.Generator], Menu]


def plain(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Declare the composed file, which is the last."""
    return Menu(right=right, final=right.shape[1] - 1)


def with_decoys(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Put fifty random files before the final: they widen what luck could show."""
    noise = rng.random((len(right), N_DECOYS), dtype=np.float32) < 0.5
    return plain(task, np.column_stack([right[:, :-1], noise, right[:, -1]]), rng)


def odd_first(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Begin with a file of random answers instead of the baseline."""
    noise = rng.random(len(right), dtype=np.float32) < 0.5
    return plain(task, np.column_stack([noise, right[:, 1:]]), rng)


def random_first(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Begin with six files of random answers: own references that say nothing."""
    noise = rng.random((len(right), N_RANDOM_FIRST), dtype=np.float32) < 0.5
    return plain(task, np.column_stack([noise, right]), rng)


def clean_account(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Hand in the composed file alone, from an account that asked nothing."""
    return plain(task, right[:, -1:], rng)


def clean_account_tweaked(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Hand in the composed file from a clean account, then a tweak of 20 answers, which is the final."""
    tweaked = right[:, -1].copy()
    tweaked[rng.choice(len(tweaked), N_TWEAKED, replace=False)] ^= True
    return plain(task, np.column_stack([right[:, -1], tweaked]), rng)


def improves_first(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Take thirty honest steps up to the baseline before the attack."""
    worse = np.linspace(0.06, 0.002, 30)
    steps = task.baseline[:, None] & (rng.random((len(right), 30)) > worse)
    return plain(task, np.column_stack([steps, right]), rng)


def honest_final(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Keep the composed file on the board, and declare the honest baseline."""
    return Menu(right=right, final=0)


def boosted_early(task: Task, right: Right, rng: np.random.Generator) -> Menu:
    """Let boosted files, learned on another account, follow the first one at once."""
    early = np.repeat(right[:, -1:], N_BOOSTED_EARLY, axis=1)
    early ^= rng.random(early.shape, dtype=np.float32) < 0.003
    return plain(task, np.column_stack([right[:, 0], early, right[:, 1:]]), rng)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One line: an attack under a disguise, `k` queries, on n query and m fresh items."""

    name: str
    attack: Attack
    k: int
    n: int
    m: int
    disguise: Disguise = plain
    reps: int = 200


@dataclass(frozen=True, kw_only=True)
class Power:
    """
    Measured shares of one attempt.

    Parameters
    ----------
    attempt : Attempt
    reps : int
    own_files, organizer : float
        Runs in which a test of that kind accuses one of the two files; NaN where none can run.
    confirmed : float
        Runs with CONFIRMED.
    named : float
        Of these, runs in which the verdict names the final; the others name the best-scored file.
    overstatement, effect : float
        Mean D and minimum detectable effect of the test that is shown.
    """

    attempt: Attempt
    reps: int
    own_files: float
    organizer: float
    confirmed: float
    named: float
    overstatement: float
    effect: float


def measure(*, attempt: Attempt, reps: int, rng: np.random.Generator) -> Power:
    """Play the attempt again and again."""
    judged = [_attempted(attempt, rng) for _ in range(reps)]
    shown = [each.tests[0].shown(delta0=DELTA0) for each in judged]
    confirmed = [each.verdicts[0] == Verdict.CONFIRMED for each in judged]
    finals = [each.which == FINAL for each, found in zip(shown, confirmed, strict=True) if found]
    return Power(
        attempt=attempt,
        reps=reps,
        own_files=_share(judged, OWN_FILES),
        organizer=_share(judged, ORGANIZER),
        confirmed=float(np.mean(confirmed)),
        named=float(np.mean(finals)) if finals else np.nan,
        overstatement=float(np.mean([each.test.overstatement for each in shown])),
        effect=float(np.mean([each.minimum_detectable_effect for each in shown])),
    )


def _attempted(attempt: Attempt, rng: np.random.Generator) -> Judged:
    task = make_task(n=attempt.n, m=attempt.m, rng=rng)
    menu = attempt.disguise(task, attempt.attack(task, attempt.k, rng), rng)
    league = of_answers(
        menus=[menu], references=references(task, rng), n=attempt.n, n_teams=N_TEAMS
    )
    return judge(league=league, rng=rng)


def references(task: Task, rng: np.random.Generator, *, base: float = BASE) -> Right:
    """Draw three models like the baseline: each is drawn anew on a fifth of the items, and is as good."""
    anew = rng.random((len(task.baseline), 3)) < base
    changed = rng.random((len(task.baseline), 3)) < 0.2
    return np.where(changed, anew, task.baseline[:, None])


def _share(judged: list[Judged], kind: str) -> float:
    """Return the share of runs in which a test of this kind accuses, of those in which one ran."""
    ran = [
        [
            each.tests[0].tests[which, kind]
            for which in (FINAL, BEST_SCORED)
            if (which, kind) in each.tests[0].tests
        ]
        for each in judged
    ]
    found = [any(test.accuses(delta0=DELTA0) for test in tests) for tests in ran if tests]
    return float(np.mean(found)) if found else np.nan


def _attempt(
    name: str,
    attack: Attack,
    k: int,
    n: int = 2000,
    m: int = 4000,
    *,
    disguise: Disguise = plain,
    reps: int = 200,
) -> Attempt:
    text = f"{name}, k={k}, n={n}, m={m}"
    return Attempt(name=text, attack=attack, k=k, n=n, m=m, disguise=disguise, reps=reps)


ATTEMPTS: list[Attempt] = [
    _attempt("linear vote", linear_vote, 50),
    _attempt("linear vote", linear_vote, 100),
    _attempt("linear vote, m=n/2", linear_vote, 100, 2000, 1000),
    _attempt("linear vote", linear_vote, 300, 3000, 6000, reps=100),
    _attempt("linear vote after 30 honest steps", linear_vote, 100, disguise=improves_first),
    _attempt("linear vote and 50 decoys", linear_vote, 100, disguise=with_decoys),
    _attempt("linear vote, odd first file", linear_vote, 100, disguise=odd_first),
    _attempt(
        "linear vote, boosted files among the first six", linear_vote, 100, disguise=boosted_early
    ),
    _attempt(
        "linear vote, honest file declared",
        linear_vote,
        200,
        3000,
        6000,
        disguise=honest_final,
        reps=100,
    ),
    _attempt("linear vote, clean account", linear_vote, 100, disguise=clean_account),
    _attempt(
        "linear vote, clean account, then a tweak", linear_vote, 100, disguise=clean_account_tweaked
    ),
    _attempt("hill climb, h=9", hill_climb, 100),
    _attempt("hill climb, h=9, and 50 decoys", hill_climb, 100, disguise=with_decoys),
    _attempt("hill climb, h=9, clean account", hill_climb, 100, disguise=clean_account),
    _attempt("hill climb, h=60", partial(hill_climb, h=60), 300, 3000, 6000, reps=100),
    _attempt("linear vote, six random files first", linear_vote, 100, disguise=random_first),
]
