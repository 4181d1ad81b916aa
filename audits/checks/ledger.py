"""The information ledger: all that the query holdout told, and the error that guarantees.

It is the holdout's and not the round's: publications and references on a board told of the same labels.
"""

from math import isfinite
from typing import Any

from audits.checks.check import Check, Column, Context, Figure, Place, Section, Table
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
    nats = context.nats_by_source
    share = ledger_share(spent=nats.get("answered") or 0.0, allowed=nats.get("reserved") or 0.0)
    bound = proven_error(account=context.account, nats=context.nats, k=k, beta=0.05)
    return [
        Finding(
            estimate=bound,
            evidence={
                "nats": context.nats,
                "wear": context.wear,
                # Of the holdout over all its rounds.
                "nats_by_source": context.nats_by_source,
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
    text = (
        f"Ledger: this query holdout revealed at most {nats} nats of its labels (1 nat is 1.44 bits, and a "
        "bit settles one yes or no) to everybody together, publications and displayed references included; "
        + guaranteed.format(n, reading.number(found.estimate))
        + (f" Wear of the holdout over all its rounds: {wear}." if wear else "")
        + _worn(found.evidence)
    )
    worn = _figure(found.evidence.get("nats_by_source"))
    return [Section(place=Place.HOLDOUTS, text=text, figure=worn)]


def _figure(nats: dict[str, float | None] | None) -> Figure | None:
    """Draw what the holdout told beside what was reserved of it; nothing of an audit that did not keep it."""
    if not nats:
        return None
    parts = {name: nats[name] or 0.0 for name in ("told", "answered", "reserved")}
    used, all_reserved = parts["told"] + parts["answered"], parts["told"] + parts["reserved"]
    said = f"{used:,.1f} of {max(all_reserved, used):,.1f} nats"
    rows = [
        ("Publications, displayed references, superseded answers", f"{parts['told']:,.1f}"),
        ("Answers to teams", f"{parts['answered']:,.1f}"),
        (
            "Reserved for the teams that were admitted, answers included",
            f"{parts['reserved']:,.1f}",
        ),
    ]
    if nats.get("planned") is not None:
        rows.append(("Planned in all", f"{nats['planned']:,.1f}"))
    return Figure(
        drawing="wear",
        title=f"The query holdout has told {said} that it told or may still tell",
        alternative=f"A bar: {parts['told']:,.1f} nats told by publications and references, "
        f"{parts['answered']:,.1f} by answers to teams, and what is still reserved up to "
        f"{max(all_reserved, used):,.1f} nats.",
        data=dict(nats),
        source="All rounds of this query holdout. A nat is 1.44 bits; more nats are more wear.",
        table=Table(columns=[Column("What"), Column("Nats", is_number=True)], rows=rows),
    )


def _worn(evidence: dict[str, Any]) -> str:
    """Say what nothing was reserved for, and that little is left, where it is so."""
    said = []
    told = evidence.get("nats_by_source", {}).get("told")
    if told:
        said.append(
            f" {told:,.1f} nats of it were told by publications, displayed references and answers "
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
