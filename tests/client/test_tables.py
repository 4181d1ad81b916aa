"""A published board and an audit fit a terminal, and no figure stands beside another file's unmarked."""

import json
import re
from typing import Any

import pytest

from tests.client.command import run
from tests.client.service import Service, a_board, a_submission, an_audit, answer, page


def published_row(**members: Any) -> dict[str, Any]:
    return {
        **a_board()["rows"][0],
        **{"team": "team-a", "title": "The Team", "is_reference": False, "attempts": 31},
        **{"rank": 3, "released": 0.7346938775510204},
        **{"fresh": 0.735, "fresh_low": 0.704, "fresh_high": 0.766, "fresh_resolution": 0.01021},
        **{"tier": 1, "rank_before": 12, "rank_change": 9},
        **{"overstatement": -0.00004839, "overstatement_low": -0.031, "overstatement_high": 0.031},
        **{"luck": 0.021, "verdict": "NO_EVIDENCE", "file_named": "final"},
        **{"is_unranked": False, "unranked_reason": None},
        **members,
    }


def published(*rows: dict[str, Any]) -> dict[str, Any]:
    board = {"status": "PUBLISHED", "is_published": True, "resolution": 1 / 49, "rows": [*rows]}
    return {**a_board(), **board}


def lines_of(service: Service, *arguments: str) -> list[list[str]]:
    return [line.split() for line in run(service, *arguments).stdout.splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdout.shown.LOG_WIDTH", 100)


@pytest.mark.usefixtures("terminal")
def test_published_board_fits_a_terminal_of_100_columns() -> None:
    """Seventeen columns were cut to "rel…" and "0.8…"; these seven say how a team stands."""
    service = Service(answers=[answer(published(published_row()))])

    head, row = lines_of(service, "leaderboard", "-b", "rain")

    assert head == ["rank", "team", "released", "fresh", "overstatement", "luck", "verdict"]
    assert " ".join(row) == (
        "3 team-a 0.735 0.735 [0.704, 0.766] 0.000 [-0.031, 0.031] 0.021 NO_EVIDENCE"
    )


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("resolution", [0.01021, None])
def test_long_name_is_broken_and_no_figure_is(resolution: float | None) -> None:
    row = published_row(team="team-" + "long" * 6, fresh=0.735123, fresh_resolution=resolution)
    service = Service(answers=[answer(published(row))])

    shown = run(service, "leaderboard", "-b", "rain").stdout

    first = shown.splitlines()[1]
    digits = {0.01021: ("0.735 [0.704, 0.766]", "0.000 [-0.031, 0.031]")}.get(
        resolution or 0, ("0.7351 [0.7040, 0.7660]", "0.0000 [-0.0310, 0.0310]")
    )
    for cell in (*digits, "NO_EVIDENCE"):
        assert cell in first
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    # Folded: the column of names ends where that of released values begins.
    start, end = (shown.splitlines()[0].index(name) for name in ("team", "released"))
    assert "".join(line[start:end].strip() for line in shown.splitlines()[1:]) == row["team"]


FIGURE = re.compile(r"[-+]?\d+\.\d+|\.\d+")


@pytest.mark.parametrize("resolution", [0.01021, None])
def test_published_board_folds_at_words_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, resolution: float | None
) -> None:
    """It read "overstatemen" with a t below, and names went three letters a line."""
    monkeypatch.setattr("holdout.shown.LOG_WIDTH", 80)
    rows = [
        published_row(team="persistence", fresh_resolution=resolution),
        published_row(team="two words", rank=None, is_unranked=True, fresh_resolution=resolution),
        published_row(verdict="CONFIRMED", file_named="best_scored", fresh_resolution=resolution),
    ]

    shown = run(Service(answers=[answer(published(*rows))]), "leaderboard", "-b", "rain").stdout

    assert max(map(len, shown.splitlines())) <= 80
    head = shown.splitlines()[0].split()
    assert head == ["rank", "team", "released", "fresh", "overstatement", "luck", "verdict"]
    words = shown.split()
    for word in ("persistence", "two", "words", "unranked", "NO_EVIDENCE", "CONFIRMED"):
        assert word in words
    digits = 3 if resolution else 4
    figures = [figure for figure in FIGURE.findall(shown) if figure != "0.735"]
    assert {len(figure.rpartition(".")[2]) for figure in figures} == {digits}


def test_audit_folds_intervals_below_their_figures_in_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("holdout.shown.LOG_WIDTH", 80)
    swapper = {"team": "swapper", "file_named": "best_scored", "named_fresh": 0.7}
    head = ["rank", "tier", "team", "fresh", "overstatement", "luck", "p", "verdict"]

    plain = run(audited({"team": "forest"}), "audit", "3").stdout
    named = run(audited(swapper), "audit", "3").stdout

    for shown in (plain, named):
        assert max(map(len, shown.splitlines())) <= 80
        assert shown.splitlines()[0].split() == head
    assert "[0.6700, 0.7300]" in plain
    assert "[0.0500, 0.0700]" in plain
    # An interval is parted before a name's words are.
    assert {"[0.6700,", "0.7300]", "(best-scored", "CONFIRMED"} <= set(named.split())


def test_json_of_a_board_has_every_digit() -> None:
    board = published(published_row())

    given = run(Service(answers=[answer(board)]), "leaderboard", "-b", "rain", as_json=True)

    assert json.loads(given.stdout) == board


def test_board_says_its_grid_and_who_is_unranked_for_what() -> None:
    out = published_row(team="b", rank=None, is_unranked=True, unranked_reason="a second account")
    service = Service(answers=[answer(published(published_row(), out))])

    given = run(service, "leaderboard", "-b", "rain")

    assert (
        "round 1, PUBLISHED, released scores: resolution 0.02041, fresh figures: to the nearest 0.01021"
        in given.stderr
    )
    assert "b is unranked: a second account" in given.stderr
    assert given.stdout.splitlines()[2].split()[:2] == ["unranked", "b"]


@pytest.mark.parametrize(
    ("resolution", "row", "said"),
    [
        (0, {}, "released scores: no grid, fresh figures: to the nearest 0.01021"),
        (
            0.02,
            {"fresh_resolution": None},
            "released scores: resolution 0.02, fresh figures: exact",
        ),
        (0.02, {"fresh": None, "fresh_resolution": None}, "PUBLISHED, resolution 0.02"),
    ],
)
def test_published_board_says_what_each_of_its_figures_is_rounded_to(
    resolution: float, row: dict[str, Any], said: str
) -> None:
    """It said "no grid" above fresh figures that were on one."""
    board = {**published(published_row(**row)), "resolution": resolution}

    given = run(Service(answers=[answer(board)]), "leaderboard", "-b", "rain")

    assert given.stderr.splitlines()[0].endswith(said)


def test_board_marks_figures_of_a_file_that_is_not_the_final() -> None:
    other = published_row(team="swapper", verdict="CONFIRMED", file_named="best_scored")
    service = Service(answers=[answer(published(published_row(), other))])

    given = run(service, "leaderboard", "-b", "rain")

    plain, marked = given.stdout.splitlines()[1:]
    assert "*" not in plain
    assert marked.rstrip().endswith("CONFIRMED *")
    assert "* overstatement, luck and verdict are of the best-scored file" in given.stderr


def audited(*rows: dict[str, Any], resolution: float | None = 0.0061) -> Service:
    audit = an_audit()
    plain = audit["document"]["teams"][0]
    teams = [{**plain, "sentence": f"Said of {row['team']}.", **row} for row in rows]
    document = {**audit["document"], "fresh_resolution": resolution, "teams": teams}
    return Service(answers=[answer({**audit, "document": document})])


def test_audit_stands_in_the_order_of_ranks() -> None:
    """Names sort as text: 10, 1, 4 before 9."""
    ranks = {"team-10": 4, "team-1": 2, "team-9": 1, "team-4": 2, "team-0": None}
    out = {"team": "team-2", "rank_after": None, "is_unranked": True, "unranked_reason": "a bot"}
    rows = [{"team": name, "rank_after": rank} for name, rank in ranks.items()]

    given = run(audited(out, *rows), "audit", "3")

    order = ["team-9", "team-1", "team-4", "team-10", "team-0", "team-2"]
    assert [line.split()[2] for line in given.stdout.splitlines()[1:]] == order
    said = [given.stderr.index(f"Said of {name}.") for name in order]
    assert said == sorted(said)
    assert "team-2 is unranked: a bot" in given.stderr


def test_audit_gives_each_file_its_own_figures() -> None:
    """The final of whoever swapped files does not stand beside the figures of the other one."""
    swapper = {
        **{"team": "swapper", "rank_after": 4, "tier": 2, "fresh": 0.7391},
        **{"fresh_interval": [0.71, 0.77], "file_named": "best_scored", "named_fresh": 0.6912},
        **{"overstatement": 0.0812, "overstatement_interval": [0.06, 0.1]},
    }

    final, named = (" ".join(row) for row in lines_of(audited(swapper), "audit", "3")[1:])

    assert final == "4 2 swapper (final) 0.7391 [0.7100, 0.7700] - - - -"
    assert named == (
        "- - swapper (best-scored file) 0.6912 0.0812 [0.0600, 0.1000] 0.0200 .002 CONFIRMED"
    )


def test_grid_of_an_audit_is_told_with_its_digits() -> None:
    given = run(audited({"team": "a"}, resolution=0.01021), "audit", "3")

    assert "fresh figures to the nearest 0.01021" in given.stderr


def test_exact_figures_of_an_audit_have_the_digits_of_its_sentences() -> None:
    costs = {
        **{"team": "a", "fresh": 57.58314333333333, "fresh_interval": [55.123456, 59.654321]},
        **{"overstatement": -4.8e-05, "overstatement_interval": [-1.5, 1.5], "luck": 1.23456},
    }

    row = " ".join(lines_of(audited(costs, resolution=None), "audit", "3")[1])

    assert row == "1 1 a 57.58 [55.12, 59.65] 0.00 [-1.50, 1.50] 1.23 .002 CONFIRMED"


def test_list_marks_the_final() -> None:
    rows = [
        a_submission("SCORED", sequence=7, released=-4.8e-05),
        a_submission("SCORED", sequence=6, released=57.58314333333333, is_final=True),
    ]

    head, other, final = lines_of(Service(answers=[page(*rows)]), "list", "-b", "rain")

    assert head[4] == "final"
    assert other[2:6] == ["7", "SCORED", "-0.000048", "-"]
    assert final[2:6] == ["6", "SCORED", "final", "57.5831"]


def test_a_board_says_that_its_overstatement_is_no_difference_of_its_columns() -> None:
    """Only where there is one: an open board has none to compute."""
    note = "an overstatement is not released less fresh"
    untested = published_row(overstatement=None, overstatement_low=None, overstatement_high=None)

    for row, is_noted in ((published_row(), True), (untested, False)):
        given = run(Service(answers=[answer(published(row))]), "leaderboard", "-b", "rain")
        assert (note in given.stderr) == is_noted
