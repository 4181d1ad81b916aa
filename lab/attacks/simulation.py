"""Attacks against release mechanisms, many times over: gains beside theory and the ledger's bound."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lab.attacks.catalogue import ATTACKS, Attack, Setup
from stats.ledger import Account, proven_error
from stats.mechanisms import MECHANISMS


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """
    What was measured of a cell.

    Parameters
    ----------
    gain_mean, gain_sd : float
        Of the repetitions' gains in accuracy.
    theory : float or None
        Under exact answers; None where there is no formula.
    bound : float or None
        What the ledger proves of every answer with probability .95; None where it proves nothing.
    """

    gain_mean: float
    gain_sd: float
    theory: float | None
    bound: float | None

    def as_json(self) -> dict[str, float | None]:
        return asdict(self)


def simulate(*, attack: str, setup: Setup, reps: int, rng: np.random.Generator) -> Simulated:
    """
    Play an attack `reps` times on tasks drawn anew.

    Raises
    ------
    ValueError
        If base and contested cannot hold together, or the attack needs contested items and has none.
    """
    chosen = ATTACKS[attack]
    gains = [chosen.gain(setup, rng) for _ in range(reps)]
    return Simulated(
        gain_mean=float(np.mean(gains)),
        gain_sd=float(np.std(gains, ddof=1)) if reps > 1 else 0.0,
        theory=None if chosen.theory is None else chosen.theory(setup),
        bound=_bound(chosen, setup),
    )


def _bound(attack: Attack, setup: Setup) -> float | None:
    """Bound an accuracy: the composed final was not asked about, so it is one more submission."""
    if attack.metric != "accuracy":
        return None
    account = Account(mechanism=MECHANISMS[setup.mechanism], parameters=setup.parameters, n=setup.n)
    each = -(-setup.k // attack.accounts)
    nats = attack.accounts * account.nats(k=each)
    return proven_error(account=account, nats=nats, k=setup.k + 1)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A mechanism of the matrix, with the parameters that its reference figures were measured with."""

    name: str
    mechanism: str
    parameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A task and a number of queries of the matrix."""

    base: float
    contested: float
    k: int
    reps: int


# The rows of docs/attacks.md, "Mechanisms against the suite".
N = 4000
ROWS: list[Row] = [
    Row(name="exact, 5 digits", mechanism="rounded", parameters={"digits": 5}),
    Row(name="2 digits", mechanism="rounded", parameters={"digits": 2}),
    Row(name="Gauss .5/sqrt n", mechanism="gaussian", parameters={"c": 0.5}),
    Row(name="Gauss 2/sqrt n", mechanism="gaussian", parameters={"c": 2.0}),
    Row(name="fixed Ladder .02", mechanism="ladder", parameters={"c": 0.02 * N**0.5}),
    Row(name="free Ladder z=1", mechanism="parameter_free_ladder", parameters={"z": 1.0}),
    Row(name="free Ladder z=2", mechanism="parameter_free_ladder", parameters={"z": 2.0}),
    Row(name="guarded Ladder", mechanism="guarded_ladder", parameters={}),
    Row(name="one bit, margin 0", mechanism="one_bit", parameters={"c": 0, "b": 100_000}),
    Row(name="one bit, margin 1/sqrt n", mechanism="one_bit", parameters={"c": 1.0}),
    Row(name="Thresholdout", mechanism="thresholdout", parameters={}),
    Row(name="blind", mechanism="blind", parameters={}),
]
COLUMNS: list[Column] = [
    Column(base=0.5, contested=1.0, k=400, reps=6),
    Column(base=0.5, contested=1.0, k=2000, reps=3),
    Column(base=0.75, contested=0.2, k=400, reps=6),
    Column(base=0.75, contested=0.2, k=2000, reps=3),
]
SUITE = (
    "linear_vote",
    "sign_flip_vote",
    "hill_climb_1",
    "hill_climb_9",
    "hill_climb",
    "hill_climb_63",
    "hill_climb_250",
)


@dataclass(frozen=True, kw_only=True)
class Worst:
    """The strongest attack of the suite in one place of the matrix."""

    row: Row
    column: Column
    attack: str
    simulated: Simulated


def matrix(
    *,
    seed: int,
    rows: Sequence[Row] = ROWS,
    columns: Sequence[Column] = COLUMNS,
    suite: Sequence[str] = SUITE,
    reps: int | None = None,
) -> Iterator[Worst]:
    """
    Play the suite, and give its largest gain for every mechanism and column.

    Parameters
    ----------
    seed : int
        Each cell has a stream of its own.
    rows, columns, suite
        What to play.
    reps : int, optional
        Repetitions of each cell; by default the column's.
    """
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            found = {
                attack: simulate(
                    attack=attack,
                    setup=setup_of(row=row, column=column),
                    reps=reps or column.reps,
                    rng=np.random.default_rng([seed, i, j, number]),
                )
                for number, attack in enumerate(suite)
            }
            worst = max(found, key=lambda attack: found[attack].gain_mean)
            yield Worst(row=row, column=column, attack=worst, simulated=found[worst])


def setup_of(*, row: Row, column: Column, n: int = N) -> Setup:
    return Setup(
        mechanism=row.mechanism,
        parameters=MECHANISMS[row.mechanism].parameters(**row.parameters),
        n=n,
        k=column.k,
        base=column.base,
        contested=column.contested,
    )
