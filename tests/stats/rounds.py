"""Small rounds with a known outcome, as the judge takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.accusation import Contestant, accuse
from stats.draw import Draw, draw
from stats.scored_files import Files
from stats.split_scores import Mean
from stats.team_tests import TeamTests

Right = NDArray[Any]


def files(right: Right, *, n: int) -> Files:
    """Right-or-wrong answers of k files on n query items and some fresh ones."""
    return Files(
        data=right,
        items=right,
        query_exact=right[:n].mean(axis=0, dtype=np.float64),
        fresh_exact=right[n:].mean(axis=0, dtype=np.float64),
        n=n,
    )


def accused(
    *teams: tuple[Right, int | None],
    references: Right | None = None,
    n: int,
    n_teams: int | None = None,
    seed: int = 1,
    drawn: Draw | None = None,
    precedes: bool = True,
) -> dict[int, TeamTests]:
    """Tests of teams, each its answers and its final."""
    n_items = len(teams[0][0])
    return accuse(
        draw=drawn or draw(n=n, m=n_items - n),
        score=Mean(is_exact=True, n_items=n_items),
        contestants={
            number: Contestant(
                files=files(right, n=n), final=final, first_file_precedes_release=precedes
            )
            for number, (right, final) in enumerate(teams)
        },
        references=None if references is None else files(references, n=n),
        n_teams=len(teams) if n_teams is None else n_teams,
        tie=1e-9,
        rng=np.random.default_rng(seed),
    )


def honest(rng: np.random.Generator, *, n_items: int, k: int, vary: float = 0.1) -> Right:
    """One model of accuracy .75, each file differing from it in some items, wherever they lie."""
    base = rng.random((n_items, 1)) < 0.75
    right: Right = base ^ (rng.random((n_items, k)) < vary)
    return right


def climber(rng: np.random.Generator, *, n: int, n_items: int, k: int) -> Right:
    """Turns 3 wrong query items right with each file: overstated by 3 (k - 1) / n."""
    right = np.repeat(rng.random((n_items, 1)) < 0.7, k, axis=1)
    wrong = np.flatnonzero(~right[:n, 0])
    for position in range(k):
        right[wrong[: 3 * position], position] = True
    return right


def best(right: Right, *, n: int) -> int:
    """The earliest of the best on the query holdout."""
    return int(np.argmax(right[:n].mean(axis=0)))
