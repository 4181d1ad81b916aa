"""What stands above everything else: one sentence, three numbers, and what stops a reader."""

from typing import Any

from audits import sentences
from audits.checks import ranks
from audits.reading import Reading
from audits.report.rows import Row
from stats.verdict import ShiftGate, Verdict
from vault.scorers import scorer_of

# Of the metric's range: an audit that finds nothing smaller says little of most boards.
LARGE = 0.1
FIRED = (
    "The gate fired: models that cannot have adapted score differently on the two holdouts. Nobody is "
    "accused on this split."
)
UNAUDITED = (
    "Unaudited: no fresh holdout of the query holdout's own draw was opened, so nobody could be tested and "
    "nothing here says how good a score is."
)
UNGATED = (
    "Nobody could check whether the two holdouts are alike: there is no frozen reference, and no file from "
    "before the first answer."
)


def sentence(reading: Reading, teams: list[Row]) -> str:
    """Say in words whether the ranking can be announced."""
    return f"{_inflated(reading, teams)} {_order(teams)}".strip()


def _inflated(reading: Reading, teams: list[Row]) -> str:
    n = len(teams)
    verdicts = [row["verdict"] for row in teams]
    n_found, n_untested = verdicts.count(Verdict.CONFIRMED), verdicts.count(Verdict.NOT_TESTED)
    n_left = verdicts.count(Verdict.INVALID) + verdicts.count(Verdict.SHIFT)
    if not n or n_untested + n_left == n:
        return "No team could be tested." if n else "No team took part."
    said = f"The scores of {n:,} team{'s'[: n != 1]} were compared with new labels: "
    if n_found:
        are = "is" if n_found == 1 else "are"
        return f"{said}{n_found:,} {are} inflated beyond chance (error at most 1 % for the whole round)."
    limits = [row["smallest_found"] for row in teams if row["smallest_found"] is not None]
    unnoticed = ""
    if limits:
        unnoticed = f"; what is below {reading.number(max(limits))} may have gone unnoticed"
    return f"{said}not one was found inflated beyond chance{unnoticed}."


def _order(teams: list[Row]) -> str:
    """Say how the teams that nobody accused stand to each other."""
    rest = [row["moved"] for row in teams if row["moved"] and row["verdict"] != Verdict.CONFIRMED]
    if len(rest) < 2:
        return ""
    pairs = [(one, other) for at, one in enumerate(rest) for other in rest[at + 1 :]]
    changed = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
    whose = f"the other {len(rest):,}" if len(rest) < len(teams) else f"all {len(rest):,}"
    if not changed:
        return f"The order of {whose} teams holds on new labels."
    change = "changes" if changed == 1 else "change"
    return (
        f"Among {whose} teams, {changed:,} of {len(pairs):,} pairs {change} places on new labels."
    )


def numbers(reading: Reading, teams: list[Row]) -> dict[str, Any]:
    """Give what carries the sentence: how many labels, how many accusations, how alike two orders are."""
    found = ranks.tau(reading)
    verdicts = [row["verdict"] for row in teams]
    return {
        "n_query": reading.audit.snapshot["n_query"],
        "n_fresh": reading.audit.snapshot["n_fresh"],
        "n_teams": len(teams),
        "n_confirmed": verdicts.count(Verdict.CONFIRMED),
        "tau": None if found is None else found[0],
        "tau_interval": None if found is None else found[1],
    }


def warnings(reading: Reading, teams: list[Row]) -> list[str]:
    """List what stops a reader."""
    audit, found = reading.audit, []
    if audit.shift_gate == ShiftGate.FIRED:
        found.append(FIRED)
    if not audit.snapshot["n_fresh"]:
        found.append(UNAUDITED)
    elif audit.shift_gate == ShiftGate.NOT_TESTED:
        found.append(UNGATED)
    limits = [row["smallest_found"] for row in teams if row["smallest_found"] is not None]
    unit = scorer_of(benchmark=audit.round.benchmark).unit
    if limits and min(limits) >= LARGE * unit:
        found.append(
            f"Too small: with {audit.snapshot['n_fresh']:,} new labels no overstatement below "
            f"{sentences.number(min(limits), decimals=reading.decimals)} would have been found with 80 %."
        )
    return found
