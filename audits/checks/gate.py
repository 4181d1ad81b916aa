"""The gate: models that cannot have adapted must score alike on query and fresh items.

A random split makes the holdouts alike, so when untuned models differ, the split is broken and nobody
can be accused on it. Untuned are the organizer's references, and first files that came in before
anything was released to any team: were every team's first file counted, an attacker could shut the gate
by handing in a boosted file from clean accounts.
"""

from dataclasses import replace

import numpy as np

from audits import sentences
from audits.checks.check import Check, Context, Place, Section
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from stats import gate
from stats.gate import Gate
from stats.verdict import ShiftGate

NAME = "shift_gate"


def gate_of(collected: Collected, rng: np.random.Generator) -> Gate | None:
    """Compare untuned files; None where there is nothing untuned, or nothing fresh."""
    if collected.draw is None:
        return None
    references, items = collected.references, collected.untuned_items
    if not items.shape[1]:
        return None
    found = gate.gate(items=items, draw=collected.draw, rng=rng)
    # By the exact metric, which items of some metrics only approximate.
    exact = [
        references.query_exact - references.fresh_exact,
        *(
            each.columns.query_exact[:1] - each.columns.fresh_exact[:1]
            for each in collected.came_before_any_answer
        ),
    ]
    return replace(found, difference=float(np.concatenate(exact).mean()))


def state_of(gate: Gate | None) -> ShiftGate:
    """Say of the gate what is told: it is no verdict on the board, which the teams' verdicts make up."""
    if gate is None:
        return ShiftGate.NOT_TESTED
    return ShiftGate.FIRED if gate.fired else ShiftGate.QUIET


def check(collected: Collected, context: Context) -> list[Finding]:
    gate = context.gate
    if gate is None:
        return [Finding(evidence={"not_tested": "no untuned model or no iid holdout"})]
    return [
        Finding(
            estimate=gate.difference,
            p_value=gate.p_value,
            evidence={"z": gate.z, "fired": gate.fired},
        )
    ]


def sections(reading: Reading) -> list[Section]:
    found = reading.first(NAME)
    text = "The gate could not be tested: no untuned model or no fresh holdout of the same draw."
    if found is not None and found.p_value is not None and found.estimate is not None:
        size = reading.number(abs(found.estimate))
        side = "better" if found.estimate > 0 else "worse"
        z, p = f"{found.evidence['z']:.2f}", sentences.p_said(found.p_value)
        text = (
            f"Gate: untuned models score {size} {side} on query labels than on new ones (z = {z}, {p}, "
            f"level .01); it {'fired' if found.evidence['fired'] else 'is quiet'}."
        )
    return [Section(place=Place.HOLDOUTS, text=text)]


CHECK = Check(
    name=NAME,
    meaning="Whether files that cannot have adapted to the query labels score alike on both holdouts.",
    check=check,
    sections=sections,
)
