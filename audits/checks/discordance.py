"""Discordant pairs: one table that anybody can follow. It explains, and never convicts."""

import numpy as np

from audits.checks.result import Result
from audits.collect import Collected
from stats.discordance import discordant_pairs

NAME = "discordant_pairs"


def check(collected: Collected) -> list[Result]:
    """For right-or-wrong scores, against the team's first submission."""
    if collected.metric != "accuracy" or not collected.can_decide:
        return []
    # Fisher's test takes items for independent, which those of a group are not.
    is_by_item = collected.draw is None or collected.draw.unit_of_item is None
    results = []
    for entrant in collected.audited:
        final, own = entrant.final, entrant.columns
        if not final:
            continue
        query, fresh = own.query.astype(np.bool_), own.fresh.astype(np.bool_)
        found = discordant_pairs(
            query_final=query[:, final],
            query_reference=query[:, 0],
            fresh_final=fresh[:, final],
            fresh_reference=fresh[:, 0],
        )
        results.append(
            Result(
                check=NAME,
                team_id=entrant.history.team_id,
                p_value=found.p_value if is_by_item else None,
                evidence={"query": list(found.query), "fresh": list(found.fresh)},
            )
        )
    return results
