"""What coalitions of accounts gain from guarded Ladders, simulated: the planner's third error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.attacks.sybils import CONTESTED, first_answer_sybil, sandbag_ladder

SIZES = (1, 3, 5, 20)
# Measured on one core: a query, and a vote on one item of it. The votes of one account are in memory at once.
SECONDS_A_QUERY = 1e-4
SECONDS_A_VOTE = 5e-9
MAX_SECONDS = 300.0
MAX_VOTES_AT_ONCE = 500_000_000


@dataclass(frozen=True, kw_only=True)
class Coalition:
    """
    The simulated gain of one coalition's better attack.

    Parameters
    ----------
    accounts : int
    attack : str
        Name of the attack that gained more.
    gain_mean, gain_sd : float
        Query accuracy less fresh accuracy of the final, over the runs.
    reps : int
        Runs.
    """

    accounts: int
    attack: str
    gain_mean: float
    gain_sd: float
    reps: int


def is_too_large(*, n: int, k: int, reps: int) -> bool:
    """Tell whether the runs would take more than some minutes, or too much memory."""
    votes = CONTESTED * n * k
    seconds = reps * sum(SIZES) * (k * SECONDS_A_QUERY + votes * SECONDS_A_VOTE)
    return votes > MAX_VOTES_AT_ONCE or seconds > MAX_SECONDS


def simulated(
    *, n: int, k: int, b: int, reps: int, seed: int, sizes: Sequence[int] = SIZES
) -> list[Coalition]:
    """
    Play near-ideal coalitions against guarded Ladders.

    Parameters
    ----------
    n : int
        Query items.
    k, b : int
        Queries and accepted improvements of each account.
    reps : int, >= 2
        Runs of each attack and size.
    seed : int, >= 0
    sizes : sequence of int
        Accounts that act together.

    Returns
    -------
    list of Coalition

    Notes
    -----
    What attacks that exist gained, in accuracy: no guarantee, because a better one may come. Cost:
    O(reps accounts k n) for each size.
    """
    return [
        _best_attack(n=n, k=k, b=b, accounts=accounts, reps=reps, seed=seed) for accounts in sizes
    ]


def _best_attack(*, n: int, k: int, b: int, accounts: int, reps: int, seed: int) -> Coalition:
    gains = {
        "sandbag_ladder": [
            sandbag_ladder(n=n, k=k, b=b, accounts=accounts, rng=rng)
            for rng in _rngs(seed, accounts, reps)
        ],
        "first_answer_sybil": [
            first_answer_sybil(n=n, accounts=accounts, rng=rng)
            for rng in _rngs(seed, accounts, reps)
        ],
    }
    attack = max(gains, key=lambda name: float(np.mean(gains[name])))
    return Coalition(
        accounts=accounts,
        attack=attack,
        gain_mean=float(np.mean(gains[attack])),
        gain_sd=float(np.std(gains[attack], ddof=1)),
        reps=reps,
    )


def _rngs(seed: int, accounts: int, reps: int) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, accounts, rep]) for rep in range(reps)]
