"""The information ledger: all that the query holdout told, and the error that guarantees.

It is the holdout's and not the round's: publications and references on a board told of the same labels.
"""

from math import isfinite
from typing import Any

from django.utils.html import format_html

from audits.checks.check import Check, Context, Place, Section
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from stats.fingerprints.ledger_share import THRESHOLD, ledger_share
from stats.ledger import attack_cap, proven_error

NAME = "ledger"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Count what everybody together may have been told: the bound holds if all teams collude."""
    k = sum(entrant.k for entrant in collected.entrants)
    if k == 0:
        return []
    share = ledger_share(spent=context.answered, allowed=context.reserved)
    bound = proven_error(account=context.account, nats=context.nats, k=k, beta=0.05)
    return [
        Finding(
            estimate=bound,
            evidence={
                "nats": context.nats,
                "wear": context.wear,
                # Of the holdout over all its rounds.
                "answered": context.answered,
                "reserved": context.reserved,
                "told": context.told,
                # JSON has no infinity: where nothing was reserved.
                "share": share.value if isfinite(share.value) else None,
                "is_worn": share.flagged,
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
        + (" Wear of the holdout over all its rounds: {}.{}" if wear else ""),
        *(nats, n, *(() if found.estimate is None else (reading.number(found.estimate),))),
        *(wear, _worn(found.evidence)),
    )
    return [Section(place=Place.HOLDOUTS, text=text)]


def _worn(evidence: dict[str, Any]) -> str:
    """Say what nothing was reserved for, and that little is left, where it is so."""
    said = []
    if evidence.get("told"):
        said.append(
            f" {evidence['told']:,.1f} of them were told by publications, displayed references and answers "
            "that corrections replaced, for which nothing was reserved."
        )
    if evidence.get("is_worn"):
        said.append(
            f" From {THRESHOLD:.0%} of what was reserved on a holdout is worn: the next round does better to "
            "ask on another one."
        )
    return "".join(said)


CHECK = Check(
    name=NAME,
    meaning="How much the query holdout revealed to everybody together, and how far off a "
    "shown score can be by that.",
    check=check,
    sections=sections,
)
