"""Where teams stand in a published audit: ranks, tiers and tau of the ranked ones, as the board has them.

An organizer may unrank a team, or rank it again, after publication: the document stays as it was written,
and what depends on who is ranked is computed whenever it is shown.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from audits.models import Publication
from stats.ranking import kendall_tau
from vault import leaderboard, unranking
from vault.models import Benchmark, Round

# As the board compares ranks: among the teams that have both scores.
moves = leaderboard.moves


def unranked(*, round: Round) -> dict[str, str]:
    """Tell why teams are unranked, by name."""
    return {act.team.name: act.reason for act in unranking.unranked(round=round).values()}


def ranks(*, values: Mapping[str, float | None], benchmark: Benchmark) -> dict[str, int]:
    """Rank the teams that have a score as the board does."""
    # A stored float of 3e19 comes back as a whole number, too long for an array.
    known = {team: float(value) for team, value in values.items() if value is not None}
    return leaderboard.ranks(values=known, benchmark=benchmark)


def shown(*, publication: Publication) -> dict[str, Any]:
    """Show the published document, with its teams where they stand now."""
    return placed(
        document=publication.document,
        unranked=unranked(round=publication.round),
        benchmark=publication.benchmark,
    )


def placed(
    *, document: dict[str, Any], unranked: Mapping[str, str], benchmark: Benchmark
) -> dict[str, Any]:
    """Rank the teams of a document, with tiers and tau; those that are not ranked are marked."""
    ranked = [row for row in document["teams"] if row["team"] not in unranked]
    after = ranks(values={row["team"]: row["fresh"] for row in ranked}, benchmark=benchmark)
    tiers = leaderboard.closed_up(tiers={row["team"]: row["tier"] for row in ranked})
    # Kendall's tau of two losses is the same as of two gains: both are turned round.
    pairs = [(row["released"], row["fresh"]) for row in ranked]
    both = [pair for pair in pairs if None not in pair]
    tau = None
    if len(both) > 1:
        before, fresh = np.array(both, dtype=np.float64).T
        tau = round(kendall_tau(query_scores=before, fresh_scores=fresh), 3)
    teams = [
        {
            **row,
            "rank_after": after.get(row["team"]),
            "tier": tiers.get(row["team"]),
            "is_unranked": row["team"] in unranked,
            "unranked_reason": unranked.get(row["team"]),
        }
        for row in document["teams"]
    ]
    return {**document, "tau": tau, "teams": teams}
