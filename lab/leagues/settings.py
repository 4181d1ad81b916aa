"""The leagues of the calibration study: nobody in them attacks, so nobody should be CONFIRMED."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lab.leagues import players, tasks
from lab.leagues.league import League, of_answers
from lab.leagues.players import Menu, Player
from lab.leagues.pool import Pool, Right, make_pool
from stats.draw import draw

N_REFERENCES = 3
# Of the finals that were published about a holdout an audit compares with the best three.
N_PUBLISHED_FINALS = 3


@dataclass(frozen=True, kw_only=True)
class Setting:
    """
    One line of the study.

    Parameters
    ----------
    name : str
    play : function from Generator to League
    adaptive : bool
        Whether answers shape the files or the choice of the final, so that some overstatement is real.
    leagues : int
        In the full study.
    """

    name: str
    play: Callable[[np.random.Generator], League]
    adaptive: bool = False
    leagues: int = 1_000


def references(pool: Pool, rng: np.random.Generator) -> Right:
    """Make the organizer's frozen models, of different families, shape (n+m, 3)."""
    latent = np.column_stack([pool.lineage(own=0.4, rng=rng) for _ in range(N_REFERENCES)])
    return pool.right(latent, skill=np.array([0.72, 0.74, 0.75]))


def mixed(
    rng: np.random.Generator, *, n_teams: int = 20, n: int = 2000, m: int = 4000, shift: float = 0.0
) -> League:
    """Play 20 teams: 8 improve, 4 shop for seeds, 2 begin weakly, 4 share a notebook, 2 build ensembles."""
    pool = make_pool(n=n, m=m, rng=rng, shift=shift)
    menus = mixed_menus(pool, rng, n_teams=n_teams)
    return of_answers(menus=menus, references=references(pool, rng), n=n, has_gate=True)


def mixed_menus(pool: Pool, rng: np.random.Generator, *, n_teams: int) -> list[Menu]:
    """Let honest teams of all kinds play, with 5 to 30 files each."""
    start = pool.varied(pool.ease, share=0.3, columns=None, rng=rng)
    kinds: list[Player] = [
        *[players.improving] * 8,
        *[players.seeds] * 4,
        *[players.weak_first] * 2,
        *[players.notebook(start)] * 4,
        *[players.ensembler] * 2,
    ]
    return [
        kinds[team % len(kinds)](pool, int(rng.integers(5, 31)), rng) for team in range(n_teams)
    ]


def alike(
    rng: np.random.Generator,
    *,
    player: Player,
    k: Sequence[int],
    n: int,
    m: int,
    n_teams: int,
) -> League:
    """Let every team play the same way, with one of these numbers of files."""
    pool = make_pool(n=n, m=m, rng=rng)
    menus = [player(pool, int(rng.choice(k)), rng) for _ in range(n_teams)]
    return of_answers(menus=menus, references=references(pool, rng), n=n)


def averagers(rng: np.random.Generator, *, k: int, n: int, m: int, n_teams: int) -> League:
    """Let every team combine the organizer's references with models of its own."""
    pool = make_pool(n=n, m=m, rng=rng)
    stood = references(pool, rng)
    menus = [players.averager(stood)(pool, k, rng) for _ in range(n_teams)]
    return of_answers(menus=menus, references=stood, n=n)


def adopters(rng: np.random.Generator, *, k: int, n: int, m: int, n_teams: int) -> League:
    """Play round 2: its query holdout was round 1's fresh one, and every team tweaks the published winner."""
    pool = make_pool(n=n, m=m, rng=rng)
    finals = np.column_stack([players.improving(pool, 1, rng).right for _ in range(n_teams)])
    best = np.argsort(-finals[:n].mean(axis=0), kind="stable")[:N_PUBLISHED_FINALS]
    menus = [players.tweaker(finals[:, best[0]])(pool, k, rng) for _ in range(n_teams)]
    stood = np.column_stack([references(pool, rng), finals[:, best]])
    return of_answers(menus=menus, references=stood, n=n, n_frozen=N_REFERENCES)


def clusters(
    rng: np.random.Generator, *, size: int, k: int, n: int, m: int, n_teams: int
) -> League:
    """Draw whole clusters of alike items; items of a cluster are mostly right or wrong together."""
    groups = make_pool(n=n // size, m=m // size, rng=rng)
    cluster = np.repeat(np.arange((n + m) // size), size)

    def spread(right: Right) -> Right:
        noise = rng.random((n + m, right.shape[1])) < 0.1
        return np.repeat(right, size, axis=0) ^ noise

    menus = []
    for _ in range(n_teams):
        right = spread(players.seeds(groups, k, rng).right)
        menus.append(Menu(right=right, final=int(np.argmax(right[:n].mean(axis=0)))))
    drawn = draw(n=n, m=m, query_clusters=cluster[:n], fresh_clusters=cluster[n:])
    return of_answers(menus=menus, references=spread(references(groups, rng)), n=n, drawn=drawn)


def strata(rng: np.random.Generator, *, k: int, n: int, m: int, n_teams: int) -> League:
    """Draw easy and hard items apart, three quarters of the hard ones as fresh."""
    pool = make_pool(n=n, m=m, rng=rng)
    hard = np.arange(n + m) % n < np.where(np.arange(n + m) < n, n // 4, n // 2)

    def harder(right: Right) -> Right:
        return right & ~(hard[:, None] & (rng.random(right.shape) < 0.4))

    menus = []
    for _ in range(n_teams):
        right = harder(players.seeds(pool, k, rng).right)
        menus.append(Menu(right=right, final=int(np.argmax(right[:n].mean(axis=0)))))
    drawn = draw(n=n, m=m, query_strata=hard[:n], fresh_strata=hard[n:])
    return of_answers(menus=menus, references=harder(references(pool, rng)), n=n, drawn=drawn)


def ties(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Hand in files in threes, every other one edited in one item: many tie for the best."""
    played = players.seeds(pool, -(-k // 3), rng)
    right = np.repeat(played.right, 3, axis=1)[:, :k].copy()
    edited = rng.integers(len(right), size=k)
    right[edited[::2], np.arange(k)[::2]] ^= True
    return players.best_released(pool, right)


def luckiest(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Declare the file with the largest released score minus own validation score, of 2,000 items."""
    right = players.improving(pool, k, rng).right
    own = np.linspace(0.75, 0.79, k) + rng.normal(0, np.sqrt(0.18 / 2000), k)
    return Menu(right=right, final=int(np.argmax(right[: pool.n].mean(axis=0) - own)))


def _alike(
    name: str,
    player: Player,
    k: Sequence[int],
    n: int,
    m: int,
    n_teams: int,
    *,
    adaptive: bool = False,
) -> Setting:
    files = f"k={k[0]}" if len(k) == 1 else f"k={k[0]}-{k[-1]}"
    play = partial(alike, player=player, k=k, n=n, m=m, n_teams=n_teams)
    text = f"{name}, {files}, n={n}, m={m}, {n_teams} teams"
    return Setting(name=text, play=play, adaptive=adaptive, leagues=200 if adaptive else 1_000)


def _task(name: str, play: Callable[..., League], n: int, m: int, **more: object) -> Setting:
    text = f"{name}, k={more['k']}, n={n}, m={m}, {more['n_teams']} teams"
    return Setting(name=text, play=partial(play, n=n, m=m, **more))


SETTINGS: list[Setting] = [
    Setting(name="mixed, k=5-30, n=2000, m=4000, 20 teams", play=mixed),
    *[
        Setting(
            name=f"mixed, fresh items 2 points {how}", play=partial(mixed, shift=shift), leagues=200
        )
        for how, shift in (("easier", 0.02), ("harder", -0.02))
    ],
    *[
        _alike("rare bug fixes", players.bug_fixer, (2, 3, 4, 5, 6), n, m, 40)
        for n in (200, 500, 2000)
        for m in (round(2.8 * n), 10 * n)
    ],
    _alike("few files", players.seeds, tuple(range(2, 13)), 1000, 2000, 20),
    _alike("ties", ties, (30,), 1000, 2000, 20),
    _alike("another model as default final", players.changes_model, (9,), 1000, 2000, 20),
    _alike("best but one as final", players.best_but_one, (20,), 500, 1000, 20),
    _alike("m=n/2", players.improving, (20,), 2000, 1000, 20),
    _alike("m=4n", players.seeds, (20,), 1000, 4000, 20),
    _task("averages of references", averagers, 1000, 2000, k=8, n_teams=20),
    _task("adopters of the published winner", adopters, 4000, 8000, k=10, n_teams=20),
    _task("clusters of 10 drawn whole", partial(clusters, size=10), 1000, 2000, k=10, n_teams=20),
    _task("strata, unequal shares", strata, 1000, 2000, k=10, n_teams=20),
    *[
        _task(
            f"{metric}, rare classes",
            partial(tasks.rare_classes, metric=metric),
            n,
            m,
            k=5,
            n_teams=20,
        )
        for metric, n, m in (
            ("macro_f1", 500, 4000),
            ("macro_f1", 2000, 4000),
            ("balanced_accuracy", 500, 4000),
            ("mcc", 500, 4000),
        )
    ],
    *[
        _task(
            f"{metric} at {100 * prevalence:.0f} %",
            partial(tasks.probabilities, metric=metric, prevalence=prevalence),
            1000,
            3000,
            k=8,
            n_teams=20,
        )
        for metric, prevalence in (
            ("roc_auc", 0.05),
            ("average_precision", 0.05),
            ("roc_auc", 0.4),
            ("log_loss", 0.4),
        )
    ],
    *[
        _task(
            f"{metric}, heavy tails",
            partial(tasks.heavy_tails, metric=metric),
            1000,
            3000,
            k=8,
            n_teams=20,
        )
        for metric in ("rmse", "r2", "mae")
    ],
    _alike("final by released minus own score", luckiest, (20,), 1000, 2000, 20, adaptive=True),
    _alike("ensembles of own best", players.ensembler, (20,), 1000, 2000, 20, adaptive=True),
    _alike("keeps only improvements", players.keeper, (20,), 1000, 2000, 20, adaptive=True),
]
