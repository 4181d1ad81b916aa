"""The information ledger: all that the query holdout told, and the error that guarantees.

The ledger is the holdout's and not the round's: publications about it when it was fresh and references on a
board told of the same labels as the answers of this round.
"""

from audits.checks.result import Result
from audits.collect import Collected
from stats.ledger import Account, attack_cap, proven_error

NAME = "ledger"
BETA = 0.05
ATTACK_GAIN = 0.05


def check(collected: Collected, *, account: Account, nats: float) -> list[Result]:
    """`nats` is what everybody together may have been told: the bound holds if all teams collude."""
    k = sum(entrant.k for entrant in collected.entrants)
    if k == 0:
        return []
    bound = proven_error(account=account, nats=nats, k=k, beta=BETA)
    return [
        Result(
            check=NAME,
            estimate=bound,
            evidence={
                "nats": nats,
                "n_submissions": k,
                "guarantees_something": bound is not None,
                "attack_cap": attack_cap(n=collected.n, tau=ATTACK_GAIN),
            },
        )
    ]
