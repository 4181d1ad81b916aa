"""Each attacker of the lab under each disguise, as one of 20 teams: is it CONFIRMED, and is anybody else?

Exact answers, 300 questions, 3,000 query and 6,000 fresh items. The organizer's three references err much as
the attacker's own model does; the honest teams are those of the calibration study's mixed league, with the
gate. An attacker who keeps a clean account plays two teams: the one that asked, and the one that hands in.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from lab.leagues import power, settings
from lab.leagues.league import League, judge, of_answers
from lab.leagues.players import Menu
from lab.leagues.pool import Right, make_pool
from lab.leagues.power import Task
from stats.intervals import clopper_pearson
from stats.verdict import ShiftGate, Verdict

# A chunk of leagues has a seed of its own: it can be repeated alone, and shared out among processes.
CHUNK = 10
N_TEAMS = 20
N_CLASSES = 3
PRIOR = 0.6
OPENING = """# Attackers among honest teams

Written by `python3 run.py manage play_attackers --seed {seed} --leagues {leagues} --write docs/attackers.md`.
In every league one attacker asks 300 times about 3,000 query items, with exact answers, among honest teams
with 5 to 30 files each, 20 teams in all; 6,000 items are fresh. The organizer's three references err much as
the attacker's own model does. Verdicts are by the code that audits judge by, the gate included.

CONFIRMED is the share of leagues in which the attacker's file is, with an exact 95 % interval; of a
clean account, which handed in the composed file alone and has no earlier files to be compared with, only the
references can tell. "Somebody else" counts leagues in which an honest team is CONFIRMED: at most 1 in 100 are
promised. "Gate" counts leagues in which the gate fired, so that nobody could be accused.

| attack | disguise | leagues | CONFIRMED | somebody else | gate |
|---|---|---|---|---|---|
"""
GAINS = """
What each attack gains: the score of the composed file on query items less that on fresh ones, as a mean of
{plays} plays with its standard error. The smaller the gain, the more often an attack stays unfound.

| attack | gain |
|---|---|
"""
N_GAINS = 40


@dataclass(frozen=True, kw_only=True)
class Size:
    """Questions of an attacker, query items, fresh items."""

    k: int = 300
    n: int = 3_000
    m: int = 6_000


ASKED = Size()


def full_vote(size: Size, rng: np.random.Generator) -> tuple[Task, Right]:
    """Vote at random on all items of a task of which nothing is known."""
    task = power.make_task(n=size.n, m=size.m, rng=rng, base=0.5, share_contested=1.0)
    return task, power.linear_vote(task, size.k, rng)


def contested_vote(size: Size, rng: np.random.Generator) -> tuple[Task, Right]:
    """Vote at random on the fifth of the items on which two models disagree."""
    task = power.make_task(n=size.n, m=size.m, rng=rng)
    return task, power.linear_vote(task, size.k, rng)


def climb(size: Size, rng: np.random.Generator, *, h: int) -> tuple[Task, Right]:
    """Turn h answers at a time, and keep what scores better."""
    task = power.make_task(n=size.n, m=size.m, rng=rng)
    return task, power.hill_climb(task, size.k, rng, h=h)


def multiclass_vote(size: Size, rng: np.random.Generator) -> tuple[Task, Right]:
    """Vote at random among three classes, each file adding its score to the classes that it named."""
    chance = 1 / N_CLASSES
    task = power.make_task(n=size.n, m=size.m, rng=rng, base=chance, share_contested=0.0)
    # Classes are named so that 0 is the right one.
    votes = rng.integers(N_CLASSES, size=(size.n + size.m, size.k), dtype=np.int8)
    scores = (votes[: size.n] == 0).mean(axis=0)
    weights = scores - scores.mean()
    tally = np.stack([(votes == each) @ weights for each in range(N_CLASSES)], axis=1)
    final = tally.argmax(axis=1) == 0
    return task, np.column_stack([task.baseline, votes == 0, final])


def prior_aware(size: Size, rng: np.random.Generator) -> tuple[Task, Right]:
    """Turn random halves of a model's answers; keep turned what speaks louder than the model does.

    As `lab.attacks.votes.prior_aware`, on query and fresh items alike.
    """
    task = power.make_task(n=size.n, m=size.m, rng=rng, base=PRIOR, share_contested=0.0)
    flips = rng.random((size.n + size.m, size.k), dtype=np.float32) < 0.5
    files = task.baseline[:, None] ^ flips
    scores = files[: size.n].mean(axis=0)
    evidence = 4 * (flips - np.float32(0.5)) @ (scores - scores.mean())
    turned = evidence > np.log(PRIOR / (1 - PRIOR))
    return task, np.column_stack([task.baseline, files, task.baseline ^ turned])


Attack = Callable[[Size, np.random.Generator], tuple[Task, Right]]

ATTACKS: dict[str, Attack] = {
    "linear vote on the contested fifth": contested_vote,
    "linear vote on all items": full_vote,
    "hill climb, h=9": partial(climb, h=9),
    "hill climb, h=25": partial(climb, h=25),
    "vote among three classes": multiclass_vote,
    "prior-aware vote from .6": prior_aware,
}
CLEAN = "a clean account"
DISGUISES: dict[str, power.Disguise] = {
    "as it is": power.plain,
    "50 decoys": power.with_decoys,
    "an odd first file": power.odd_first,
    CLEAN: power.clean_account,
    "an honest file declared": power.honest_final,
}
CELLS = list(product(ATTACKS, DISGUISES))


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """
    What was counted of the leagues of one attacker under one disguise.

    Parameters
    ----------
    attack, disguise : str
    leagues : int
    confirmed : int
        Leagues in which the attacker's file was CONFIRMED.
    wrongly : int
        Leagues in which an honest team was.
    gate : int
        Leagues in which the gate fired, so that nobody could be accused.
    """

    attack: str
    disguise: str
    leagues: int
    confirmed: int
    wrongly: int
    gate: int


def run(
    *,
    seed: int,
    n_leagues: int,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> list[Attacked]:
    """Play so many leagues of every attacker under every disguise, rounded up to whole chunks."""
    numbers = range(math.ceil(n_leagues / CHUNK))
    with ProcessPoolExecutor(jobs) as pool:
        chunks = [
            [pool.submit(chunk, seed=seed, cell=cell, number=number) for number in numbers]
            for cell in range(len(CELLS))
        ]
        counted = []
        for each in chunks:
            counted.append(joined([one.result() for one in each]))
            say(row(counted[-1]))
    return counted


def chunk(*, seed: int, cell: int, number: int) -> Attacked:
    """Play one chunk of one attacker under one disguise."""
    attack, disguise = CELLS[cell]
    rng = np.random.default_rng([seed, cell, number])
    return count(attack=attack, disguise=disguise, n_leagues=CHUNK, rng=rng)


def joined(parts: Sequence[Attacked]) -> Attacked:
    """Add up what was counted of one attacker under one disguise."""
    sums = {
        name: sum(getattr(each, name) for each in parts)
        for name in ("leagues", "confirmed", "wrongly", "gate")
    }
    return replace(parts[0], **sums)


def count(
    *,
    attack: str,
    disguise: str,
    n_leagues: int,
    rng: np.random.Generator,
    size: Size = ASKED,
) -> Attacked:
    """Play and judge leagues of one attacker under one disguise."""
    judged = [judge(league=_league(attack, disguise, size, rng), rng=rng) for _ in range(n_leagues)]
    n_honest = N_TEAMS - (2 if disguise == CLEAN else 1)
    return Attacked(
        attack=attack,
        disguise=disguise,
        leagues=n_leagues,
        confirmed=sum(each.verdicts[-1] == Verdict.CONFIRMED for each in judged),
        wrongly=sum(Verdict.CONFIRMED in each.verdicts[:n_honest] for each in judged),
        gate=sum(each.gate is ShiftGate.FIRED for each in judged),
    )


def _league(attack: str, disguise: str, size: Size, rng: np.random.Generator) -> League:
    """Put the attacker behind the honest teams, as the last."""
    task, right = ATTACKS[attack](size, rng)
    own = [DISGUISES[disguise](task, right, rng)]
    if disguise == CLEAN:
        # The account that asked declares its first file.
        own.insert(0, Menu(right=right[:, :-1], final=0))
    return of_answers(
        menus=[
            *settings.mixed_menus(
                make_pool(n=size.n, m=size.m, rng=rng), rng, n_teams=N_TEAMS - len(own)
            ),
            *own,
        ],
        references=power.references(task, rng, base=float(task.baseline.mean())),
        n=size.n,
        has_gate=True,
    )


def gains(*, seed: int, size: Size = ASKED) -> dict[str, tuple[float, float]]:
    """Measure how much better each composed file looks on query than on fresh items, and the error."""
    found = {}
    for number, (attack, play) in enumerate(ATTACKS.items()):
        rng = np.random.default_rng([seed, len(CELLS) + number])
        finals = [play(size, rng)[1][:, -1] for _ in range(N_GAINS)]
        each = [final[: size.n].mean() - final[size.n :].mean() for final in finals]
        found[attack] = (float(np.mean(each)), float(np.std(each, ddof=1) / math.sqrt(N_GAINS)))
    return found


def page(
    *, seed: int, counted: Sequence[Attacked], gained: Mapping[str, tuple[float, float]]
) -> str:
    """Write the page in Markdown."""
    leagues = max(each.leagues for each in counted)
    rows = [f"| {name} | {mean:.4f} ± {error:.4f} |\n" for name, (mean, error) in gained.items()]
    opening = OPENING.format(seed=seed, leagues=leagues)
    return "".join([opening, *map(row, counted), GAINS.format(plays=N_GAINS), *rows])


def row(counted: Attacked) -> str:
    """Write one line of the table."""
    share = counted.confirmed / counted.leagues
    found = clopper_pearson(successes=counted.confirmed, n=counted.leagues)
    cells = (
        counted.attack,
        counted.disguise,
        str(counted.leagues),
        f"{share:.2f} [{found.low:.2f}, {found.high:.2f}]",
        str(counted.wrongly),
        str(counted.gate),
    )
    return f"| {' | '.join(cells)} |\n"
