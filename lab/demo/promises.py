"""What a run of the demo promises, held against its result as `--json` writes it.

On the open board every attacker is CONFIRMED with an interval above zero, and nobody else; the swapper,
whose final is honest, by its best-scored file. Under the guarded Ladder nobody is accused, and every honest
team with a clear gain is on the board. Each published board has figures on new labels. (That others change
nothing of what an honest team is told is compared by `lab.demo.play`, answer by answer.)
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from lab.demo import season
from stats.team_tests import BEST_SCORED

OPEN_MECHANISM = "exact"
# A gain that the guarded Ladder has to show, in steps of its grid.
CLEAR_GRID_STEPS = 2.0


def broken(*, result: dict[str, Any]) -> list[str]:
    """List in words the promises of this run that did not hold; an empty list is good."""
    found = []
    for benchmark in result["benchmarks"]:
        judge = _on_open if is_open(benchmark) else _on_guarded
        broken_here = [*judge(benchmark), *_on_published(benchmark)]
        found += [f"{benchmark['slug']}: {each}" for each in broken_here]
    return found


def is_open(benchmark: dict[str, Any]) -> bool:
    return bool(benchmark["mechanism"] == OPEN_MECHANISM)


def confirmed(*, benchmark: dict[str, Any]) -> list[str]:
    return [team["name"] for team in benchmark["teams"] if team["verdict"] == "CONFIRMED"]


def mean_overstatement(*, benchmark: dict[str, Any], names: Sequence[str]) -> float:
    """Average over these teams: by the file that accuses a team, by the final of one that is not accused."""
    found = [team["overstatement"] for team in benchmark["teams"] if team["name"] in names]
    return math.fsum(found) / len(found)


def _on_open(benchmark: dict[str, Any]) -> Iterator[str]:
    for team in benchmark["teams"]:
        is_accused = team["verdict"] == "CONFIRMED"
        if team["role"] != "attacker" and is_accused:
            yield f"{team['name']} is accused"
        if team["role"] == "attacker" and not is_accused:
            yield f"{team['name']} is {team['verdict']}, not CONFIRMED"
        interval = team["interval"]  # None of a team that could not be tested
        if team["role"] == "attacker" and interval is not None and interval[0] <= 0:
            yield f"the interval of {team['name']} reaches zero"
        if team["name"] == season.SWAPPER and is_accused and team["file"] != BEST_SCORED:
            yield f"{team['name']} is accused by its {team['file']}"


def _on_guarded(benchmark: dict[str, Any]) -> Iterator[str]:
    accused = set(confirmed(benchmark=benchmark)) - set(season.SYBILS)
    yield from (f"{name} is accused" for name in sorted(accused))
    clear = CLEAR_GRID_STEPS / math.sqrt(benchmark["n_query"])
    # The reference that the Ladder takes as its baseline.
    (baseline,) = (team for team in benchmark["teams"] if team["name"] == season.REFERENCES[0])
    for team in benchmark["teams"]:
        gain = team["fresh"] - baseline["fresh"]
        if team["role"] == "honest" and gain > clear and not _is_on_board(team, baseline):
            yield f"{team['name']} gained {gain:.3f} and is not on the board"


def _on_published(benchmark: dict[str, Any]) -> Iterator[str]:
    """Finals better than the baseline, which each benchmark has, are there; earlier versions do not tell."""
    known = benchmark.get("published")
    if known is not None and known["left_out"] == known["finals"]:
        yield "the published board shows no figure on new labels"


def _is_on_board(team: dict[str, Any], baseline: dict[str, Any]) -> bool:
    return team["released"] is not None and team["released"] > baseline["released"]
