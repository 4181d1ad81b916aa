"""The winner's curse: what its place among k files adds to a final's score.

By the exact metric and of the file that counts; an estimate, no test.
"""

from collections.abc import Callable

import numpy as np

from audits.checks.result import Result
from audits.collect import Collected
from stats.deflation import deflate

NAME = "deflation"


def check(collected: Collected, generator: Callable[..., np.random.Generator]) -> list[Result]:
    if not collected.can_decide:
        return []
    draw = collected.draw
    units = None if draw is None or draw.unit_of_item is None else draw.unit_of_item[draw.n :]
    results = []
    for entrant in collected.audited:
        columns = entrant.columns
        found = deflate(
            query_scores=columns.query,
            fresh_scores=columns.fresh,
            final=entrant.final,
            query_exact=columns.query_exact,
            fresh_exact=columns.fresh_exact,
            fresh_groups=units,
            rng=generator(NAME, entrant.history.team_id),
        )
        results.append(
            Result(
                check=NAME,
                team_id=entrant.history.team_id,
                estimate=found.deflated,
                evidence={"expected_luck": found.expected_luck, "luck_bound": found.luck_bound},
            )
        )
    return results
