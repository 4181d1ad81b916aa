"""The information ledger: all that the query holdout told, and the error that guarantees.

It is the holdout's and not the round's: publications and references on a board told of the same labels.
"""

from django.utils.html import format_html

from audits.checks.check import Check, Context, Place, Section
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from stats.ledger import attack_cap, proven_error

NAME = "ledger"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Count what everybody together may have been told: the bound holds if all teams collude."""
    k = sum(entrant.k for entrant in collected.entrants)
    if k == 0:
        return []
    bound = proven_error(account=context.account, nats=context.nats, k=k, beta=0.05)
    return [
        Finding(
            estimate=bound,
            evidence={
                "nats": context.nats,
                "wear": context.wear,
                "n_submissions": k,
                "guarantees_something": bound is not None,
                "attack_cap": attack_cap(n=collected.n, tau=0.05),
            },
        )
    ]


def sections(reading: Reading) -> list[Section]:
    found = reading.first(NAME)
    if found is None:
        return []
    nats, n = f"{found.evidence['nats']:.1f}", f"{found.evidence['n_submissions']:,}"
    guaranteed = "that guarantees nothing of the scores of the {} queries that were used."
    if found.estimate is not None:
        guaranteed = (
            "even if all teams collude, every score of the {} queries that were used is within {} of its "
            "expectation with probability .95 (the round's page in the admin has the bound for all queries "
            "that were admitted)."
        )
    # A report of before it was counted does not say.
    wear = found.evidence.get("wear", "")
    text = format_html(
        "Ledger: this query holdout revealed at most {} nats of its labels (1 nat is 1.44 bits, and a bit "
        "settles one yes or no) to everybody together, publications and displayed references included; "
        + guaranteed
        + (" Wear of the holdout over all its rounds: {}." if wear else ""),
        *(nats, n, *(() if found.estimate is None else (reading.number(found.estimate),)), wear),
    )
    return [Section(place=Place.HOLDOUTS, text=text)]


CHECK = Check(
    name=NAME,
    meaning="How much the query holdout revealed to everybody together, and how far off a "
    "shown score can be by that.",
    check=check,
    sections=sections,
)
