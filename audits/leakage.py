"""What a coarse publication may have told of the fresh holdout, in nats: one term for each of its fields.

A field counts ln of the number of values that it can have once everything before it is known. What follows
from other fields, or from the query labels (whose holdout retires with the publication), counts nothing.
Every field must be listed here: one that is not makes the publication fail, before anything is told.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stats.verdict import Verdict

# Texts that a p-value of one digit can be: > .05, .05 to .01, .009 to .001, .0009 to .0001, < .0001.
P_VALUES = 25


class UncountedFieldError(ValueError):
    """A field would be published whose nats nobody counts."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Lines of the grid from the metric's lower to its upper bound, and teams."""

    levels: int
    teams: int


Values = Callable[[Size], float]


def _none(size: Size) -> float:
    return 1


def _score(size: Size) -> float:
    return size.levels


def _effect(size: Size) -> float:
    """From nothing up to twice the metric's range: no effect is larger."""
    return 2 * size.levels + 1


def _every(size: Size) -> float:
    """Exact figures: no number of values is an honest count."""
    return math.inf


DOCUMENT: dict[str, Values] = {
    **dict.fromkeys(
        (
            *("benchmark", "round", "metric", "greater_is_better", "unit", "publication"),
            *("fresh_resolution", "n_query", "n_fresh", "levels", "seed_commitment", "how_to_read"),
            # Follow from the verdicts and the figures.
            *("headline", "tau"),
            # How the holdouts were drawn: of groups, never of labels.
            "drawn_groups",
        ),
        _none,
    ),
    "shift_gate": lambda size: 3,
}
REFERENCE: dict[str, Values] = {
    **dict.fromkeys(("team", "title", "query"), _none),
    "fresh": _score,
    "fresh_interval": _score,
    "scores": _every,
}
TEAM: dict[str, Values] = {
    **dict.fromkeys(
        (
            *("team", "title", "released", "query", "named_query", "attempts", "is_ranked_file"),
            "named_submission",
            # Follow from rounded figures, releases and the other fields.
            *("no_figure", "rank_after", "overstatement", "sentence"),
            # The organizers' own words.
            *("is_unranked", "unranked_reason"),
        ),
        _none,
    ),
    "file_named": lambda size: 2,
    "fresh": _score,
    "fresh_interval": _score,
    "named_fresh": _score,
    "test": lambda size: 2,
    # Of either sign, and of two scores.
    "reference_excess": lambda size: 2 * _effect(size),
    # Rounded scores, and half-widths that are not published: any tier is possible.
    "tier": lambda size: size.teams,
    "overstatement_interval": _effect,
    "luck": _effect,
    "minimum_detectable_effect": _effect,
    "p_adjusted": lambda size: P_VALUES,
    # A suspicion is never published.
    "verdict": lambda size: len(Verdict) - 1,
    "scores": _every,
}
LISTS = {"references": REFERENCE, "teams": TEAM}


def nats(*, shown: dict[str, Any], levels: int) -> float:
    """All terms of a document; of the fresh holdout it tells no more, whatever the labels are."""
    size = Size(levels=levels, teams=max(1, len(shown["teams"])))
    own = {name: value for name, value in shown.items() if name not in LISTS}
    total = _terms(own, DOCUMENT, size)
    for name, fields in LISTS.items():
        total += math.fsum(_terms(row, fields, size) for row in shown[name])
    return total


def most(*, teams: int, references: int, levels: int) -> float:
    """Bound what a coarse publication of so many teams can tell, for those who plan it."""
    size = Size(levels=levels, teams=max(1, teams))
    n_rows = {"references": references, "teams": teams}
    rows = [(1, DOCUMENT), *((n_rows[name], fields) for name, fields in LISTS.items())]
    return math.fsum(
        n * math.log(values(size))
        for n, fields in rows
        for values in fields.values()
        if n and values is not _every
    )


def _terms(row: dict[str, Any], fields: dict[str, Values], size: Size) -> float:
    uncounted = sorted(set(row) - set(fields))
    if uncounted:
        raise UncountedFieldError(f"nobody counts what {', '.join(uncounted)} tells of the labels")
    return math.fsum(
        math.log(fields[name](size)) for name, value in row.items() if value is not None
    )
