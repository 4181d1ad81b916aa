"""Check 3, the information ledger: what was reserved for the answers, and the error that guarantees."""

from audits.checks.result import Result
from audits.collect import Collected
from stats.ledger import Account, attack_cap, proven_error

NAME = "ledger"
BETA = 0.05
ATTACK_GAIN = 0.05


def check(collected: Collected, *, account: Account, reserved_nats: float) -> list[Result]:
    """`reserved_nats` is the sum over admitted teams: the bound holds if all of them collude."""
    k = sum(entrant.k for entrant in collected.entrants)
    if k == 0:
        return []
    bound = proven_error(account=account, nats=reserved_nats, k=k, beta=BETA)
    return [
        Result(
            check=NAME,
            estimate=bound,
            evidence={
                "nats_reserved": reserved_nats,
                "n_submissions": k,
                "guarantees_something": bound is not None,
                "attack_cap": attack_cap(n=collected.n, tau=ATTACK_GAIN),
            },
        )
    ]
