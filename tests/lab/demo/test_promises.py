import copy
from collections.abc import Sequence
from typing import Any

import pytest

from lab.demo import organizer, promises, season
from lab.demo import table as lab_table
from lab.demo.management.commands.demo import verdict
from lab.demo.management.commands.tabulate_demos import table
from lab.demo.play import PLANS, published
from vault.leaderboard import Row


def team(name: str, role: str, **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": role,
        "attempts": 5,
        "released": 0.7,
        "fresh": 0.7,
        "file": "final",
        "overstatement": 0.0,
        "interval": [-0.01, 0.01],
        "luck": 0.01,
        "p_value": 1.0,
        "verdict": "NO_EVIDENCE",
        **values,
    }


def result() -> dict[str, Any]:
    caught: dict[str, Any] = {
        "overstatement": 0.05,
        "interval": [0.04, 0.06],
        "verdict": "CONFIRMED",
    }
    reference = dict.fromkeys(("file", "overstatement", "interval", "luck", "p_value", "verdict"))

    def benchmark(
        slug: str,
        mechanism: str,
        *,
        names: Sequence[str] = ("booster", "climber", "evader", "swapper"),
        **attacker: Any,
    ) -> dict[str, Any]:
        return {
            "slug": slug,
            "mechanism": mechanism,
            "n_query": 2400,
            "n_fresh": 6700,
            "headline": "4 CONFIRMED, 0 INVALID, 2 without evidence of 6",
            "teams": [
                *(team(name, "attacker", **attacker) for name in names),
                team("forest", "honest", fresh=0.8, released=0.8),
                team("linear", "honest", fresh=0.71, released=None),
                team("reference-logistic", "reference", **reference),
            ],
        }

    on_open = benchmark("weather-open", "exact", **caught)
    (swapper,) = (each for each in on_open["teams"] if each["name"] == "swapper")
    swapper["file"] = "best_scored"
    return {
        "seed": 7,
        "seconds": 100.0,
        "benchmarks": [
            on_open,
            benchmark("weather-guarded", "guarded_ladder", overstatement=0.004),
            benchmark("weather-sybil", "guarded_ladder", names=season.SYBILS, overstatement=0.01),
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
        (0, "evader", {"verdict": "SUSPECTED"}, "weather-open: evader is SUSPECTED, not CONFIRMED"),
        (
            *(0, "evader", {"verdict": "NOT_TESTED", "interval": None}),
            "weather-open: evader is NOT_TESTED, not CONFIRMED",
        ),
        (0, "swapper", {"file": "final"}, "weather-open: swapper is accused by its final"),
        (0, "climber", {"interval": [0.0, 0.1]}, "weather-open: the interval of climber reaches zero"),
        (1, "booster", {"verdict": "CONFIRMED"}, "weather-guarded: booster is accused"),
        (1, "forest", {"released": None}, "weather-guarded: forest gained 0.100 and is not on the board"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_named(
    board: int, name: str, values: dict[str, Any], words: str
) -> None:
    assert changed(board, name, **values) == [words]


def test_a_published_board_without_a_figure_is_named() -> None:
    """It was read of a round as it had been planned, and said so in every run."""
    given = result()
    given["benchmarks"][0]["published"] = {"step": 0.006, "finals": 11, "left_out": 10}
    assert promises.broken(result=given) == []

    given["benchmarks"][1]["published"] = {"step": None, "finals": 11, "left_out": 11}
    assert promises.broken(result=given) == [
        "weather-guarded: the published board shows no figure on new labels"
    ]


def test_a_small_gain_need_not_be_shown() -> None:
    assert changed(1, "linear", fresh=0.74, released=None) == []
    assert changed(1, "linear", fresh=0.742, released=None) != []


def test_table_has_a_row_for_each_seed() -> None:
    given = result()
    given["benchmarks"][2]["teams"][0]["verdict"] = "CONFIRMED"

    written = table(results=[given])

    assert (
        "| 7 | booster, climber, evader, swapper | +0.0500 | +0.0040 | nobody | 1 of 2 | 1 of 10 | +0.0100 "
        "| 100 | none |"
    ) in written
    assert "held in 1 of 1 seeds" in written
    assert "Of 1 coalitions of 10 accounts, 1 accounts were confirmed" in written


def test_printed_table_says_which_file_a_verdict_is_of() -> None:
    printed = lab_table.of(result())

    lines = {
        line.split()[0]: line for line in reversed(printed.splitlines()) if line.startswith("  ")
    }
    assert lines["swapper"].endswith("CONFIRMED, best-scored file")
    assert lines["booster"].endswith("CONFIRMED")
    assert "+0.0400 to +0.0600  0.0100  > 0.05      CONFIRMED" in lines["booster"]
    assert "overstatement  95 % interval       luck    adjusted p  verdict" in lines["team"]
    assert "inflation" not in printed


def test_printed_table_has_no_minus_zero_and_says_what_its_words_mean() -> None:
    given = result()
    first = given["benchmarks"][0]["teams"][0]
    first.update(overstatement=-0.00001, interval=[-0.02, -0.00004])

    printed = lab_table.of(given)

    assert "+0.0000        -0.0200 to +0.0000" in printed
    assert "-0.0000" not in printed
    legend = " ".join(lab_table.LEGEND.split())
    assert "over the references or over the team's own first files" in legend
    assert "These are exact figures, as researchers read them." in legend
    assert "none of a final whose released score did not beat the baseline" in legend


def test_printed_table_explains_a_suspicion_only_where_there_is_one() -> None:
    plain, suspected = result(), result()
    suspected["benchmarks"][1]["teams"][0]["verdict"] = "SUSPECTED"

    assert "SUSPECTED" not in lab_table.of(plain)
    assert "SUSPECTED: worth a look for researchers, and no finding" in lab_table.of(suspected)


def test_printed_table_says_how_the_published_board_differs() -> None:
    """The booster had .7213 here and .7208 on the board, and the board had no row for others' figures."""

    def row(name: str, *, fresh: float | None, is_reference: bool = False) -> Row:
        return Row(
            rank=None,
            team_id=1,
            team=name,
            title="",
            released=None,
            attempts=1,
            is_reference=is_reference,
            fresh=fresh,
            fresh_resolution=None if fresh is None else 0.006108,
        )

    board = [row("booster", fresh=0.7208), row("climber", fresh=None)]
    references = [row("reference", fresh=0.7, is_reference=True)]
    judged: list[dict[str, Any]] = [
        {"fresh": 0.7213, "is_reference": False},
        {"fresh": 0.7, "is_reference": False},
        {"fresh": None, "is_reference": False},
        {"fresh": 0.7, "is_reference": True},
    ]
    given = result()
    given["benchmarks"][0]["published"] = published(judged=judged, board=board + references)

    printed = lab_table.of(given)

    line = "the published board rounds scores on new labels to steps of 0.0061 and leaves out 1 of 2 finals"
    assert printed.count(line) == 1


def test_each_benchmark_of_the_demo_has_a_title_of_its_own() -> None:
    titles = {organizer.title_of(slug=plan.slug, mechanism=plan.mechanism) for plan in PLANS}

    assert len(titles) == len(PLANS)
