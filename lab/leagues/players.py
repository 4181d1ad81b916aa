"""Honest players: they build models and hand them in; none of them tries to learn a label.

Each declares the submission with the best released score, as teams do. `improving`, `seeds`, `weak_first`
and `notebook` never use an answer for the next file, so for them the accusation's null holds exactly.
`ensembler` and `keeper` do use answers, as honest people do: their inflation is real, if small.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.leagues.pool import Pool, Right, Uniform

OWN = 0.5  # share of the items at which a team's models differ from everybody's


@dataclass(frozen=True, kw_only=True)
class Menu:
    """
    What a team handed in, in time order.

    Parameters
    ----------
    right : array of shape (n+m, k), bool
        Whether each submission got each item right; query items first.
    final : int
        The declared final.
    """

    right: Right
    final: int


Player = Callable[[Pool, int, np.random.Generator], Menu]


def improving(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Work steadily from .75 to .79; each submission differs in 15 % of the items."""
    latent = pool.varied(pool.lineage(own=OWN, rng=rng), share=0.15, columns=k, rng=rng)
    return best_released(pool, pool.right(latent, skill=np.linspace(0.75, 0.79, k)))


def weak_first(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Try once at .6, then build models of .8."""
    latent = pool.varied(pool.lineage(own=OWN, rng=rng), share=0.15, columns=k, rng=rng)
    return best_released(pool, pool.right(latent, skill=np.where(np.arange(k) == 0, 0.6, 0.8)))


def seeds(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Train one model under k seeds: equally good, alike but for 12 % of the items."""
    latent = pool.varied(pool.lineage(own=OWN, rng=rng), share=0.12, columns=k, rng=rng)
    return best_released(pool, pool.right(latent, skill=0.8))


def two_families(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Hand in two kinds of model in turn, quite unlike each other."""
    families = [pool.lineage(own=0.8, rng=rng) for _ in range(2)]
    columns = [
        pool.varied(families[position % 2], share=0.1, columns=None, rng=rng)
        for position in range(k)
    ]
    return best_released(pool, pool.right(np.column_stack(columns), skill=0.77))


def ensembler(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Build half of the models, then take majorities of those that scored best so far."""
    lineage = pool.lineage(own=OWN, rng=rng)
    n_models = max(3, (k + 1) // 2)
    latent = pool.varied(lineage, share=0.3, columns=n_models, rng=rng)
    right = pool.right(latent, skill=rng.uniform(0.73, 0.77, n_models))
    columns = list(right.T)
    while len(columns) < k:
        size = int(rng.choice([3, 5, 7]))
        scores = np.array([column[: pool.n].mean() for column in columns])
        members = np.argsort(-scores, kind="stable")[:size]
        columns.append(np.mean([columns[each] for each in members], axis=0) > 0.5)
    return best_released(pool, np.column_stack(columns)[:, :k])


def keeper(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Try one change at a time, on 3 % of the items, and keep what scored better.

    A change is worth N(0, .004) of accuracy in truth, so most of what is kept is real.
    """
    latent = pool.lineage(own=OWN, rng=rng)
    skill = np.full(pool.n + pool.m, 0.75, dtype=np.float32)
    columns = [pool.right(latent, skill=skill)]
    best = columns[0][: pool.n].mean()
    for _ in range(k - 1):
        touched = rng.random(pool.n + pool.m, dtype=np.float32) < 0.03
        anew = np.where(touched, rng.random(pool.n + pool.m, dtype=np.float32), latent)
        worth = np.where(touched, 0.75 + rng.normal(0, 0.004) / 0.03, skill)
        changed = worth.astype(np.float32)
        columns.append(pool.right(anew, skill=changed))
        score = columns[-1][: pool.n].mean()
        if score > best:
            best, latent, skill = score, anew, changed
    return best_released(pool, np.column_stack(columns))


def notebook(start: Uniform) -> Player:
    """Make a player whose models all begin with the league's shared starter notebook."""

    def play(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
        latent = pool.varied(start, share=0.08, columns=k, rng=rng)
        latent[:, 0] = start
        return best_released(pool, pool.right(latent, skill=np.linspace(0.75, 0.77, k)))

    return play


def best_released(pool: Pool, right: Right) -> Menu:
    """Declare the earliest of the best on the query holdout, as exact answers show it."""
    return Menu(right=right, final=int(np.argmax(right[: pool.n].mean(axis=0))))


def bug_fixer(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Mend a rare mistake of one model with each file: .4 % of the items, wherever they lie."""
    right = pool.right(pool.lineage(own=OWN, rng=rng), skill=0.8)
    columns = [right]
    for _ in range(k - 1):
        fixed = rng.random(len(right), dtype=np.float32) < 0.004
        columns.append(columns[-1] | fixed)
    return best_released(pool, np.column_stack(columns))


def changes_model(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Tweak one model, then declare the latest file: a worse model of another family."""
    latent = pool.varied(pool.lineage(own=OWN, rng=rng), share=0.04, columns=k - 1, rng=rng)
    other = pool.right(pool.lineage(own=OWN, rng=rng), skill=0.74)
    right = np.column_stack([pool.right(latent, skill=0.78), other])
    return Menu(right=right, final=k - 1)


def best_but_one(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Hand in one file and plainly worse variants of it; declare the best-scored of those."""
    latent = pool.varied(pool.lineage(own=OWN, rng=rng), share=0.3, columns=k, rng=rng)
    right = pool.right(latent, skill=np.where(np.arange(k) == 0, 0.85, 0.76))
    scores = right[: pool.n, 1:].mean(axis=0)
    return Menu(right=right, final=1 + int(np.argmax(scores)))


def averager(references: Right) -> Player:
    """Make a player that combines the organizer's references with models of its own."""

    def play(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
        columns = []
        for _ in range(k):
            own = pool.right(pool.lineage(own=OWN, rng=rng), skill=0.75)
            columns.append((references.sum(axis=1) + 2 * own) >= 3)
        return best_released(pool, np.column_stack(columns))

    return play


def tweaker(start: Right, *, share: float = 0.05) -> Player:
    """Make a player whose files are honest tweaks of one published file."""

    def play(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
        touched = rng.random((len(start), k), dtype=np.float32) < share
        anew = rng.random((len(start), k), dtype=np.float32) < start.mean()
        return best_released(pool, np.where(touched, anew, start[:, None]))

    return play
