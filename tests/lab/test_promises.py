import copy
from typing import Any

import pytest

from lab import promises
from lab.management.commands.demo import verdict
from lab.management.commands.tabulate_demos import table


def team(name: str, role: str, **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": role,
        "attempts": 5,
        "released": 0.7,
        "fresh": 0.7,
        "inflation": 0.0,
        "interval": [-0.01, 0.01],
        "p_value": 1.0,
        "verdict": "NO_EVIDENCE",
        **values,
    }


def result() -> dict[str, Any]:
    caught = {"inflation": 0.05, "interval": [0.04, 0.06], "verdict": "CONFIRMED"}
    reference = {"inflation": None, "interval": None, "p_value": None, "verdict": None}
    names = ("booster", "climber", "evader")

    def benchmark(slug: str, mechanism: str, **attacker: Any) -> dict[str, Any]:
        return {
            "slug": slug,
            "mechanism": mechanism,
            "n_query": 2400,
            "n_fresh": 6700,
            "teams": [
                *(team(name, "attacker", **attacker) for name in names),
                team("forest", "honest", fresh=0.8, released=0.8),
                team("linear", "honest", fresh=0.71, released=None),
                team("reference-logistic", "reference", **reference),
            ],
        }

    return {
        "seed": 7,
        "seconds": 100.0,
        "benchmarks": [
            benchmark("weather-open", "exact", **caught),
            benchmark("weather-guarded", "guarded_ladder", inflation=0.004),
        ],
    }


def changed(board: int, name: str, **values: Any) -> list[str]:
    altered = copy.deepcopy(result())
    for each in altered["benchmarks"][board]["teams"]:
        if each["name"] == name:
            each.update(values)
    return promises.broken(result=altered)


def test_what_is_promised_holds() -> None:
    assert promises.broken(result=result()) == []
    assert verdict(result=result()).startswith("As promised")


@pytest.mark.parametrize(
    ("board", "name", "values", "words"),
    [
        (0, "forest", {"verdict": "CONFIRMED"}, "weather-open: forest is accused"),
        (0, "evader", {"verdict": "SUSPECT"}, "weather-open: evader is SUSPECT, not CONFIRMED"),
        (0, "climber", {"interval": [0.0, 0.1]}, "weather-open: the interval of climber reaches zero"),
        (1, "booster", {"verdict": "CONFIRMED"}, "weather-guarded: booster is accused"),
        (1, "forest", {"released": None}, "weather-guarded: forest gained 0.100 and is not on the board"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_named(
    board: int, name: str, values: dict[str, Any], words: str
) -> None:
    assert changed(board, name, **values) == [words]


def test_a_small_gain_need_not_be_shown() -> None:
    assert changed(1, "linear", fresh=0.74, released=None) == []
    assert changed(1, "linear", fresh=0.742, released=None) != []


def test_table_has_a_row_for_each_seed() -> None:
    written = table(results=[result()])
    assert (
        "| 7 | booster, climber, evader | +0.0500 | +0.0040 | nobody | 1 of 2 | 100 | none |"
        in written
    )
    assert "held in 1 of 1 seeds" in written
