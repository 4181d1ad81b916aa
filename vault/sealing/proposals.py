"""How large the shards of a label file should be, so that it is enough for so many audited rounds.

Figures alone, from what a plan will fix and not from a label. It knows no Django, so that a draw can be
planned where the labels live.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stats.drawing import MIN_ITEMS
from stats.ledger import Account
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault.detectable import CANNOT, are_enough_draws, detectable
from vault.errors import SealingError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import HoldoutKind
from vault.sealing import drawn_units
from vault.sealing.drawn_units import Counts, Shard
from vault.sealing.label_orders import Line

# What a round is planned with unless an organizer says otherwise.
MECHANISM, N_TEAMS, N_QUERIES = "guarded_ladder", 50, 100
# Of a file and its reference: good files are near each other.
SHARES = (0.1, 0.2)
TOO_FEW = "cannot be found: too few other draws are possible"
SHARED = " or ".join(f"{100 * share:.0f} %" for share in SHARES)
# Further rows, so that the price of a round more is seen.
MORE = 2
MAX_ROUNDS = 100
# Of a file with groups: how many, and how many independent items they are worth if they err as one.
Grouped = tuple[int, float] | None
HEADER = (
    *("Rounds", "Shards", "n (query)", "m (fresh)"),
    *(f"Smallest overstatement found, {100 * share:.0f} % differ" for share in SHARES),
    "Nats",
)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Shards of one size, one more than rounds: each serves first as the fresh one and then answers.

    Equal ones make the weakest round strongest. `detectable` says of the smallest overstatement what the plan
    of a round of N_TEAMS teams will say of files that differ by each of SHARES from their references.
    `nats` is what the answers of N_TEAMS teams with N_QUERIES each can tell.
    """

    rounds: int
    n_query: int
    n_fresh: int
    detectable: tuple[str, ...]
    nats: float

    @property
    def shards(self) -> list[Shard]:
        """Give the draw: a query shard, a fresh one, and sealed ones; the last takes what is left over."""
        statuses = ["QUERY", "FRESH", *["SEALED"] * (self.rounds - 1)]
        sizes: list[int | None] = [self.n_query] * self.rounds
        return [
            Shard(kind=HoldoutKind.IID, status=status, n=n)
            for status, n in zip(statuses, [*sizes, None], strict=True)
        ]

    @property
    def row(self) -> tuple[str, ...]:
        """Write it as a row of a table."""
        sizes = (f"{each:,}" for each in (self.rounds + 1, self.n_query, self.n_fresh))
        return (f"{self.rounds:,}", *sizes, *self.detectable, f"{self.nats:,.0f}")


def propose(
    *, labels: LabelTable, rounds: int, metric: str, unit: float, delta0: float
) -> list[Proposal]:
    """Propose a draw for so many auditable rounds, and for some rounds more for comparison.

    The first is the one that was asked for. Where the file names groups they are drawn whole, sizes are
    targets, and items of a group count as if they stood or fell together.
    """
    if not 1 <= rounds <= MAX_ROUNDS:
        raise SealingError(f"a label file is sealed for 1 to {MAX_ROUNDS} rounds")
    n_items = len(labels.ids)
    if n_items // (rounds + 1) < MIN_ITEMS:
        most = n_items // MIN_ITEMS - 1
        enough = f"enough for {most:,}" if most > 0 else "too few for any"
        raise SealingError(
            f"{n_items:,} items are too few for {rounds:,} auditable rounds, which take {rounds + 1:,} "
            f"shards of at least {MIN_ITEMS} items: they are {enough}"
        )
    grouped = drawn_units.worth(labels=labels, positions=np.arange(n_items))
    asked = range(rounds, rounds + MORE + 1)
    return [
        _proposal(n_items, each, grouped=grouped, metric=metric, unit=unit, delta0=delta0)
        for each in asked
        if n_items // (each + 1) >= MIN_ITEMS
    ]


def explained(proposals: Sequence[Proposal]) -> str:
    """Say how the table is to be read."""
    rounds = proposals[0].rounds
    return (
        f"For {rounds:,} auditable {'round' if rounds == 1 else 'rounds'} with coarse publications, shards "
        "of one draw and one size, one more than rounds. The smallest overstatement that is found with 80 % "
        f"is what a plan of such shards says for {N_TEAMS} teams and a file that differs from its reference "
        f"by {SHARED}: in so many items or, of losses, by so much of the range. The plan says it "
        f"of other differences, too. Nats are what {N_TEAMS} teams with {N_QUERIES} queries each can learn "
        "of a query holdout."
    )


def lines(
    *, labels: LabelTable, counts: Counts, metric: str, unit: float, delta0: float
) -> list[Line]:
    """Warn of iid shards of which not even the two largest find anything that the table is about."""
    largest = np.sort(counts.sum(axis=0))[-2:]
    grouped = drawn_units.worth(labels=labels, positions=np.arange(len(labels.ids)))
    items = largest * len(labels.ids) // counts.sum()
    found = _detectable(
        (int(items[0]), int(items[1])),
        1.0 if grouped is None else grouped[1] / len(labels.ids),
        (int(largest[0]), int(largest[1])),
        metric=metric,
        unit=unit,
        delta0=delta0,
    )
    if not all(each in (CANNOT, TOO_FEW) for each in found):
        return []
    return [
        Line(
            "nothing_found",
            f"with shards of these sizes no audit of a round of {N_TEAMS} teams finds an overstatement of a "
            f"file that differs from its reference by {SHARED}, however large it is",
            "seal for fewer rounds, in fewer and larger shards, or seal more labels",
        )
    ]


def as_text(proposals: Sequence[Proposal]) -> str:
    """Write the table for a terminal."""
    rows = [HEADER, *(each.row for each in proposals)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = (
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join([explained(proposals), "", *lines])


def _proposal(
    n_items: int, rounds: int, *, grouped: Grouped, metric: str, unit: float, delta0: float
) -> Proposal:
    size = n_items // (rounds + 1)
    worth = 1.0 if grouped is None else grouped[1] / n_items
    n_units = size if grouped is None else grouped[0] // (rounds + 1)
    return Proposal(
        rounds=rounds,
        n_query=size,
        n_fresh=size,
        detectable=_detectable(
            (size, size), worth, (n_units, n_units), metric=metric, unit=unit, delta0=delta0
        ),
        nats=N_TEAMS * _account(size, metric=metric, unit=unit, worth=worth).nats(k=N_QUERIES),
    )


def _detectable(
    items: tuple[int, int],
    worth: float,
    units: tuple[int, int],
    *,
    metric: str,
    unit: float,
    delta0: float,
) -> tuple[str, ...]:
    if not are_enough_draws(n_query=units[0], n_fresh=units[1], n_teams=N_TEAMS):
        return (TOO_FEW,) * len(SHARES)
    if not METRICS[metric].is_mean:
        return ("known with the files",) * len(SHARES)
    n, m = (max(1.0, each * worth) for each in items)
    return tuple(
        detectable(
            share=share,
            items=items,
            worth=(n, m),
            n_teams=N_TEAMS,
            delta0=delta0,
            unit=unit,
            counts_items=METRICS[metric].counts_items,
        ).line
        for share in SHARES
    )


def _account(n: int, *, metric: str, unit: float, worth: float) -> Account:
    return Account(
        mechanism=MECHANISMS[MECHANISM],
        parameters=MECHANISMS[MECHANISM].parameters(),
        n=n,
        n_effective=None if worth == 1 else max(1.0, n * worth),
        unit=unit,
        is_mean=METRICS[metric].is_mean,
        counts_items=METRICS[metric].counts_items,
    )
