"""Ranks: how sure each one is, and how well the order of the board agrees with that on labels it never saw.

Tiers are `ranking`'s. Here are intervals of all ranks at once, and Kendall's tau between the order by what
was released and that on new labels, in a later period and on labels that arrived afterwards. An estimate of
what the board is worth; no verdict.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import sentences
from audits.checks.check import Check, Context, Place, Section
from audits.collected import Collected, Entrant
from audits.models import Finding
from audits.reading import Reading
from stats import ranking, ties
from stats.draw import Draw
from stats.metrics import oriented
from vault.holdout_kinds import HoldoutKind

NAME = "ranks"
# The new labels of the query holdout's own draw, among holdouts that are called by their ids.
NEW = "new labels"
# With fewer teams their bootstrap covers too little: of five 66 in 100 times where tau is .74, of eight 97.
MIN_TEAMS = 8
# Of the best so many are counted, of few teams the better half.
TOP = 10


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board, of the teams that are ranked."""
    ranked = [each for each in collected.audited if each.history.team_id not in collected.unranked]
    evidence: dict[str, Any] = {"agreement": _agreements(collected, ranked, context)}
    if collected.draw is not None and len(ranked) > 1:
        low, high = _intervals(collected.draw, ranked, context.generator(NAME))
        evidence |= {
            "teams": [each.history.team_id for each in ranked],
            "low": low.tolist(),
            "high": high.tolist(),
        }
    return [Finding(evidence=evidence)] if any(evidence.values()) else []


def _intervals(
    draw: Draw, ranked: Sequence[Entrant], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    finals = np.column_stack([each.columns.items[:, each.final] for each in ranked])
    # By what was drawn, as tiers.
    _, shares = draw.shares(finals.astype(np.float64))
    # Influence values have the metric's spread; the scores that are ranked are exact.
    exact = np.array([each.columns.fresh_exact[each.final] for each in ranked])
    found = ranking.rank_intervals(item_scores=shares + (exact - shares.mean(axis=0)), rng=rng)
    return found.low, found.high


def _agreements(
    collected: Collected, ranked: Sequence[Entrant], context: Context
) -> list[dict[str, Any]]:
    """Compare the board with each holdout that it has not seen; the one that decides comes first."""
    orders: dict[str, dict[int, float]] = {}
    if collected.m:
        orders[NEW] = {
            each.history.team_id: float(each.columns.fresh_exact[each.final])
            for each in ranked
            if each.final is not None
        }
    for each in ranked:
        for holdout, value in each.elsewhere.items():
            score = oriented(metric=collected.metric, value=value)
            orders.setdefault(holdout, {})[each.history.team_id] = score
    for holdout, values in collected.awaited.items():
        orders[holdout] = {
            team_id: oriented(metric=collected.metric, value=value)
            for team_id, value in values.items()
        }
    board = {
        each.history.team_id: oriented(metric=collected.metric, value=each.history.released)
        for each in ranked
        if each.history.released is not None
    }
    compared = (
        _compared(holdout, board, there, unit=collected.unit, context=context)
        for holdout, there in orders.items()
    )
    return [each for each in compared if each is not None]


def _compared(
    holdout: str,
    board: Mapping[int, float],
    there: Mapping[int, float],
    *,
    unit: float,
    context: Context,
) -> dict[str, Any] | None:
    """Compare two orders of the teams that stand in both; None where one of them orders nobody."""
    teams = [team for team in board if team in there]
    pairs = [[ties.shown(value=of[team], unit=unit) for team in teams] for of in (board, there)]
    if min(len(set(values)) for values in pairs) < 2:
        return None
    top = min(TOP, len(teams) // 2)
    found = ranking.agreement(
        query_scores=pairs[0],
        fresh_scores=pairs[1],
        rng=context.generator(NAME, holdout),
        top=top,
    )
    interval = found.tau_interval
    return {
        "holdout": holdout,
        "n_teams": len(teams),
        "tau": found.tau,
        "interval": [interval.low, interval.high] if len(teams) >= MIN_TEAMS else None,
        "shake_up": found.shake_up,
        "top": top,
        # Who is among the best is known where nobody ties across that line.
        "n_stayed": None
        if any(sorted(values)[-top - 1] == sorted(values)[-top] for values in pairs)
        else round(found.top_overlap * top),
    }


def intervals(reading: Reading) -> dict[int, tuple[int, int]]:
    """Tell between which ranks each ranked team is, by its id; nothing of an audit that did not ask."""
    found = reading.first(NAME)
    if found is None or "teams" not in found.evidence:
        return {}
    bounds = zip(found.evidence["low"], found.evidence["high"], strict=True)
    return dict(zip(found.evidence["teams"], bounds, strict=True))


def tau(reading: Reading) -> tuple[float, list[float] | None] | None:
    """Tell Kendall's tau of the board with new labels and its interval; None where nobody has both."""
    found = reading.first(NAME)
    agreement = [] if found is None else found.evidence["agreement"]
    new = next((each for each in agreement if each["holdout"] == NEW), None)
    return None if new is None else (new["tau"], new["interval"])


def sections(reading: Reading) -> list[Section]:
    """Say below the table how far its order can be relied on."""
    found = reading.first(NAME)
    if found is None:
        return []
    agreement = {each["holdout"]: each for each in found.evidence["agreement"]}
    new = agreement.pop(NEW, None)
    said = [
        "" if new is None else _on_new_labels(new),
        _elsewhere(reading, agreement),
        _who_may_be_first(reading),
    ]
    return [Section(place=Place.ORDER, text=text) for text in said if text]


def _on_new_labels(new: dict[str, Any]) -> str:
    n_teams, places = new["n_teams"], new["shake_up"] * new["n_teams"]
    text = (
        f"The order of the board agrees with that on new labels with tau {_tau(new)}. Tau is 1 where two "
        "orders are the same, 0 where they have no more in common than chance and -1 where one is the other "
        "reversed; this one says how well the board predicted (its predictive validity). "
        f"{_covered(new)} On average a team moved by {places:.1f} places among {n_teams:,}."
    )
    if new["n_stayed"] is None:
        return text
    if new["top"] == 1:
        return f"{text} The best on the board is {'' if new['n_stayed'] else 'not '}the best there."
    top = f"the best {new['top']}"
    return f"{text} Of {top} on the board {new['n_stayed']} stayed among {top} there."


def _elsewhere(reading: Reading, agreement: dict[str, dict[str, Any]]) -> str:
    if not agreement:
        return ""
    kinds = {
        str(pk): f"{HoldoutKind(kind).meaning}; "
        for pk, kind in reading.audit.round.fresh_holdouts.values_list("pk", "kind")
    }
    said = [
        f"{_tau(each)} on another holdout ({kinds.get(holdout, '')}{each['n_teams']:,} teams)"
        for holdout, each in agreement.items()
    ]
    return (
        f"On holdouts that decide nothing its order agrees with tau {', '.join(said)}: so far it predicted "
        "what is not of the same draw."
    )


def _who_may_be_first(reading: Reading) -> str:
    known = intervals(reading)
    if not known:
        return ""
    first = [team for team, (best, _) in known.items() if best == 1]
    who = f"{len(first):,} of {len(known):,} teams may be the best"
    if len(first) == 1:
        who = f"only {reading.names[first[0]]} can be the best"
    return (
        "The brackets behind a rank on new labels hold the true ranks of all teams together in 95 of 100 "
        f"draws of such labels. By them {who}."
    )


def _tau(each: dict[str, Any]) -> str:
    tau = sentences.number(each["tau"], decimals=2)
    if each["interval"] is None:
        return tau
    return f"{tau} {sentences.interval(*each['interval'], decimals=2)} (95 %)"


def _covered(each: dict[str, Any]) -> str:
    if each["interval"] is None:
        return f"With {each['n_teams']:,} teams there are too few for an interval."
    return "Its interval covers which teams such as these took part."


CHECK = Check(
    name=NAME,
    meaning="How sure each rank is, and how well the order of the board agrees with that on labels that "
    "answered no query.",
    check=check,
    sections=sections,
)
