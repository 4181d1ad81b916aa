"""Check 4, the gate: models that cannot have adapted must score alike on query and fresh items.

A random split makes the holdouts alike, so when untuned models differ, the split is broken and nobody
can be accused on it. Untuned are the organizer's references, and first files that came in before
anything was released to any team: were every team's first file counted, an attacker could shut the gate
by handing in a boosted file from clean accounts.
"""

import numpy as np

from audits.checks.result import Result
from audits.collect import Collected
from stats import inflation
from stats.inflation import Gate
from stats.verdict import ShiftGate

NAME = "shift_gate"


def gate_of(collected: Collected) -> Gate | None:
    """None where there is nothing untuned, or nothing fresh, to compare."""
    draw = collected.draw
    if draw is None:
        return None
    firsts = [each.columns for each in collected.came_untold]
    query = np.hstack([collected.references.query, *(each.query[:, :1] for each in firsts)])
    fresh = np.hstack([collected.references.fresh, *(each.fresh[:, :1] for each in firsts)])
    if query.shape[1] == 0:
        return None
    items = np.vstack([query, fresh]).mean(axis=1, dtype=np.float64)
    # By what was drawn: items of one group vary together. Each unit's share of its holdout's mean.
    units = draw.totals((items - items.mean())[:, None])[:, 0].astype(np.float64)
    mine, theirs = units[draw.is_query], units[~draw.is_query]
    return inflation.gate(
        query_items=mine * len(mine) / draw.n, fresh_items=theirs * len(theirs) / draw.m
    )


def state_of(gate: Gate | None) -> ShiftGate:
    """What is told of the gate: it is no verdict on the board, which the teams' verdicts make up."""
    if gate is None:
        return ShiftGate.NOT_TESTED
    return ShiftGate.FIRED if gate.fired else ShiftGate.QUIET


def check(gate: Gate | None) -> list[Result]:
    if gate is None:
        return [Result(check=NAME, evidence={"not_tested": "no untuned model or no iid holdout"})]
    return [
        Result(
            check=NAME,
            estimate=gate.difference,
            p_value=gate.p_value,
            evidence={"z": gate.z, "fired": gate.fired},
        )
    ]
