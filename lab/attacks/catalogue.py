"""The attacks, by the names that `manage.py simulate` takes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from lab.attacks import (
    climbs,
    feature_selection,
    log_loss,
    multiclass,
    ranking,
    selection,
    sybils,
    votes,
)
from lab.attacks.arena import Arena, Codes, make_task
from stats.mechanisms import MECHANISMS

SPLIT_ACCOUNTS = 10
CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Setup:
    """
    What an attack plays against.

    Parameters
    ----------
    mechanism : str
    parameters : dict
        Of the mechanism, complete.
    n, k : int
        Query items; queries of the attacker, all its accounts together.
    base, contested : float
        Accuracy of the baseline, and the share of items that are contested: of the two-class task.
    """

    mechanism: str
    parameters: dict[str, Any]
    n: int
    k: int
    base: float
    contested: float


Gain = Callable[[Setup, np.random.Generator], float]
Theory = Callable[[Setup], float]


class Play(Protocol):
    """Ask k questions and compose a final: predictions for all query items."""

    def __call__(self, arena: Arena, k: int, rng: np.random.Generator) -> Codes: ...


@dataclass(frozen=True, kw_only=True)
class Attack:
    """
    One attack.

    Parameters
    ----------
    gain : function
        One play: query score of its final less the fresh expectation, in accuracy unless `metric` says else.
    theory : function or None
        The gain under exact answers; None where there is no formula.
    accounts : int
        Accounts that it asks through.
    metric : str
        What is released, and what the ledger must bound.
    """

    gain: Gain
    theory: Theory | None = None
    accounts: int = 1
    metric: str = "accuracy"


def in_arena(play: Play) -> Gain:
    """Turn an attack on the two-class task into its gain."""

    def gain(setup: Setup, rng: np.random.Generator) -> float:
        task = make_task(n=setup.n, rng=rng, base=setup.base, contested=setup.contested)
        arena = Arena(
            task=task,
            mechanism=MECHANISMS[setup.mechanism],
            parameters=setup.parameters,
            rng=rng,
        )
        return task.gain(play(arena, setup.k, rng))

    return gain


def alone(gain: Callable[..., float]) -> Gain:
    """Turn the gain of an attack that brings its own task into one of a setup."""

    def wrapped(setup: Setup, rng: np.random.Generator) -> float:
        mechanism = MECHANISMS[setup.mechanism]
        return gain(mechanism=mechanism, parameters=setup.parameters, n=setup.n, k=setup.k, rng=rng)

    return wrapped


def on_contested(theory: Callable[..., float]) -> Theory:
    return lambda setup: theory(n=setup.n, k=setup.k, contested=setup.contested)


def on_all(theory: Callable[..., float]) -> Theory:
    return lambda setup: theory(n=setup.n, k=setup.k)


ATTACKS: dict[str, Attack] = {
    "wacky_boosting": Attack(
        gain=in_arena(votes.wacky_boosting), theory=on_contested(votes.wacky_theory)
    ),
    "sign_flip_vote": Attack(
        gain=in_arena(votes.sign_flip_vote), theory=on_contested(votes.sign_flip_theory)
    ),
    "linear_vote": Attack(
        gain=in_arena(votes.linear_vote), theory=on_contested(votes.linear_theory)
    ),
    "contested_boosting": Attack(
        gain=in_arena(votes.contested_boosting), theory=on_contested(votes.linear_theory)
    ),
    "prior_aware": Attack(gain=in_arena(votes.prior_aware)),
    "multiclass": Attack(
        gain=alone(partial(multiclass.vote_gain, classes=CLASSES)),
        theory=on_all(partial(multiclass.vote_theory, classes=CLASSES)),
    ),
    "hill_climb": Attack(gain=in_arena(climbs.hill_climb)),
    **{
        f"hill_climb_{h}": Attack(gain=in_arena(partial(climbs.hill_climb, h=h)))
        for h in (1, 9, 63, 250)
    },
    "probe": Attack(gain=in_arena(climbs.probe), theory=on_contested(climbs.probe_theory)),
    "near_duplicates": Attack(gain=in_arena(climbs.near_duplicates)),
    "best_of_k": Attack(gain=alone(selection.best_of_k), theory=on_all(selection.best_of_k_theory)),
    "feature_selection": Attack(gain=alone(feature_selection.feature_selection_gain)),
    "log_loss_oracle": Attack(gain=alone(log_loss.oracle_gain), metric="log_loss"),
    "auc_linear": Attack(
        gain=alone(ranking.auc_linear_gain),
        theory=on_all(ranking.auc_linear_theory),
        metric="roc_auc",
    ),
    "sybil_split": Attack(
        gain=in_arena(partial(sybils.sybil_split, accounts=SPLIT_ACCOUNTS)),
        theory=on_contested(votes.linear_theory),
        accounts=SPLIT_ACCOUNTS,
    ),
}
