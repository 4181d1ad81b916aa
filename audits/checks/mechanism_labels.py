"""Mechanism labels: what a team's files are consistent with, by the traces that ways of asking leave.

A label explains a number and changes no verdict. Traces that honest teams leave, too, count only together:
the vote's, or with the accusation of the same team, whose level they then inherit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks import gate
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.fingerprints.composition import is_random_vote_composition
from stats.fingerprints.contract import MIN_SUBMISSIONS, Fingerprint
from stats.fingerprints.flip_uniformity import flip_uniformity
from stats.fingerprints.log_loss_probe import log_loss_probe
from stats.fingerprints.rank_ratio import rank_ratio
from stats.fingerprints.vote_match import vote_match
from stats.mechanisms import Outcome
from stats.metrics import METRICS
from stats.verdict import ShiftGate

NAME = "mechanism_labels"
VOTE, PROBE, LOG_LOSS = "vote", "probe", "log_loss_probe"
# Up to this dispersion changes count as thrown at random, beside an accusation.
MAX_UNIFORM = 1.1
LOG_LOSS_METRIC = "log_loss"
# Of a binary benchmark: one probability an item.
PROBABILITIES = 1
# Stands for a vote that cannot be looked at.
UNKNOWN = Fingerprint(value=0.0, threshold=1.0, flagged=False, words="")


@dataclass(frozen=True, kw_only=True)
class Label:
    """What people read of one label; `seen` makes a sentence of its evidence."""

    consistent_with: str
    seen: Callable[[dict[str, Any]], str]
    level: str
    otherwise: str


def _seen_of_votes(found: dict[str, Any]) -> str:
    parts = [
        f"its {found['k']:,} files differ from each other in {found['rank_ratio']:.0%} of the directions in "
        f"which as many random files would (limit {found['rank_ratio_limit']:.0%})"
    ]
    if found["vote_match"] is not None:
        parts.append(
            f"its final says on {found['vote_match']:.0%} of the items on which they differ what the "
            f"answers to the earlier files vote for (limit {found['vote_match_limit']:.0%})"
        )
    if found["is_inflated"]:
        parts.append("the audit's own test finds one of its files inflated")
    return "; ".join(parts)


LABELS = {
    VOTE: Label(
        consistent_with="a final composed from the answers to random files",
        seen=_seen_of_votes,
        level="A label needs the first and one of the others; of 1,560 simulated teams in good faith none "
        "had the first two, and the audit's test accuses somebody wrongly in at most 1 % of rounds, for "
        "all teams together.",
        otherwise="A team in good faith that hands in many unlike models, or many seeds of one, and then "
        "their average comes near to it: the strongest published models reach 88 % of the directions.",
    ),
    PROBE: Label(
        consistent_with="answers that were changed at random places and kept by what was told",
        seen=lambda found: (
            f"changes from one of its {found['k']:,} files to the next gather on the same items "
            f"{found['dispersion']:.1f} times as much as changes at random would (limit {MAX_UNIFORM}; "
            "models change the hard items again and again, and reach 2 and more), and the audit's "
            "own test finds one of its files inflated"
        ),
        level="A label needs both: the audit's test accuses somebody wrongly in at most 1 % of rounds, "
        "for all teams together.",
        otherwise="A team in good faith that tries one small change after the other and keeps what scored "
        "better, or that moves the threshold of a decision, changes items as evenly.",
    ),
    LOG_LOSS: Label(
        consistent_with="files that read labels off the digits of a log loss",
        seen=lambda found: (
            f"{found['n_files']:,} of its {found['k']:,} files (the first is file {found['first']}) give "
            "one probability to at least 90 % of all items, and the log odds of all others double from one "
            "to the next"
        ),
        level="Of 672 simulated files in good faith none did so; no probability of error is known beyond "
        "that.",
        otherwise="A file that was made to test the form of a submission could have such numbers.",
    ),
}


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on each team whose files could be read so; `labels` has what each label rests on."""
    by_log_loss = collected.metric == LOG_LOSS_METRIC
    fired = gate.state_of(context.gate) is ShiftGate.FIRED
    findings = []
    for entrant in collected.entrants:
        tests = context.tests.get(entrant.history.team_id)
        accused = tests is not None and not fired and tests.accuses(delta0=collected.delta0)
        labels = (
            _of_log_loss(entrant)
            if by_log_loss
            else _of_classes(entrant, collected.metric, accused)
        )
        if labels is not None:
            evidence = {"labels": labels}
            findings.append(Finding(team_id=entrant.history.team_id, evidence=evidence))
    return findings


def _of_log_loss(entrant: Entrant) -> dict[str, Any] | None:
    """Look at every file, of which one suffices; None where files do not hold one probability an item."""
    flagged = []
    for number, file in enumerate(entrant.answers.files() if entrant.answers else [], 1):
        if file.ndim != PROBABILITIES:
            return None
        if log_loss_probe(probabilities=file).flagged:
            flagged.append(number)
    if not flagged:
        return {}
    return {LOG_LOSS: {"k": entrant.k, "n_files": len(flagged), "first": flagged[0]}}


def _of_classes(entrant: Entrant, metric: str, accused: bool) -> dict[str, Any] | None:
    """Look at a team with enough files of classes."""
    if entrant.answers is None or entrant.k < MIN_SUBMISSIONS:
        return None
    answers = entrant.answers.on_query()
    if answers.dtype.kind not in "biu":
        return None
    differ = rank_ratio(predictions=answers)
    # The others count only beside it, and beside an accusation.
    voted = _vote(entrant, answers, metric) if differ.flagged else UNKNOWN
    if is_random_vote_composition(rank_ratio=differ, vote_match=voted, is_inflated=accused):
        return {
            VOTE: {
                "k": entrant.k,
                "rank_ratio": differ.value,
                "rank_ratio_limit": differ.threshold,
                "vote_match": voted.value if voted.flagged else None,
                "vote_match_limit": voted.threshold,
                "is_inflated": accused,
            }
        }
    changed = flip_uniformity(predictions=answers).value if accused else np.inf
    return {PROBE: {"k": entrant.k, "dispersion": changed}} if changed <= MAX_UNIFORM else {}


def _vote(entrant: Entrant, answers: NDArray[Any], metric: str) -> Fingerprint:
    """Compare the final with the vote of the files before it, which is unknown where there are too few."""
    final = entrant.final
    if final is None or final < MIN_SUBMISSIONS:
        return UNKNOWN
    return vote_match(
        predictions=answers[:final],
        released=[
            _heard(each.outcome, each.released, metric)
            for each in entrant.history.submissions[:final]
        ],
        final=answers[final],
    )


def _heard(outcome: str, released: float | None, metric: str) -> float:
    """Return what a team could weigh a file by: its score, else whether it was told of an improvement."""
    if outcome == Outcome.SCORED and released is not None:
        return METRICS[metric].orient(released)
    return float(outcome == Outcome.IMPROVED)


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Say of each label what was seen, at which level, and what else looks so."""
    finding = reading.of_team(NAME, team)
    return [
        Section(
            place=Place.TEAM,
            title=f"Consistent with {LABELS[name].consistent_with}",
            text=f"What was seen: {LABELS[name].seen(found)}. {LABELS[name].level} What else looks so: "
            f"{LABELS[name].otherwise}",
            caption="It explains how a score may have come about, not why, and changes no verdict.",
        )
        for name, found in ({} if finding is None else finding.evidence["labels"]).items()
    ]


def sections(reading: Reading) -> list[Section]:
    """List the labels; where no team has one, say so in a line."""
    findings = reading.by_check[NAME]
    rows: list[list[Cell]] = [
        [reading.name_of(each), LABELS[name].consistent_with, LABELS[name].seen(found)]
        for each in findings
        for name, found in each.evidence["labels"].items()
    ]
    if not rows:
        text = f"Mechanism labels: none of the {len(findings):,} teams whose files could be read so has one."
        return [Section(place=Place.EXPLANATIONS, text=text)] if findings else []
    columns = (Column("Team"), Column("Consistent with"), Column("What was seen"))
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Mechanism labels: how a score may have come about",
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption=f"Of the {len(findings):,} teams whose files could be read so. A label says what "
            "files are consistent with; what else looks so, and at which level, stands in each team's "
            "part. No label changes a verdict.",
        )
    ]


CHECK = Check(
    name=NAME,
    meaning="Which known ways of asking a team's files are consistent with; labels that decide nothing.",
    check=check,
    sections=sections,
    of_team=of_team,
)
