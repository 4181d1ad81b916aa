"""All metrics of the finals with their intervals: read by researchers, told in full publications."""

from dataclasses import replace

import numpy as np

from audits.checks import scores
from tests.audits.histories import collected, context, entrant, right

SCORED = {"accuracy": {"query": [0.7, 0.6, 0.8], "fresh": [0.71, 0.65, 0.75]}}


def test_shows_each_final_and_the_first_file_of_a_reference() -> None:
    rng = np.random.default_rng(1)
    team = replace(entrant(1, right(rng, 5, 1), right(rng, 6, 1)), scores=SCORED)
    references = entrant(2, right(rng, 5, 2), right(rng, 6, 2)).columns
    given = replace(collected(team, references=references), reference_scores=[SCORED, {}])

    found = scores.check(given, context())

    assert [each.team_id for each in found] == [1, 900]
    assert [each.evidence for each in found] == [{"scores": SCORED}] * 2
