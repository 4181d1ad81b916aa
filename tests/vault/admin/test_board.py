"""The board on a round's page: every figure with its interval and its file, with the digits that decide."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault import leaderboard
from vault.api import representations
from vault.models import Final, PublishedResult, Release, Round, Submission, Team
from vault.people.groups import ORGANIZER
from vault.teams import merging

pytestmark = pytest.mark.usefixtures("installation")


def publish_one(stage: Stage, *, value: float, **figures: Any) -> Round:
    """A published round of one final."""
    round, team = stage.world.round, stage.world.teams["alpha"]
    later = stage.world.submit(team, stage.world.labels).submission
    Submission.objects.filter(pk=later.pk).update(status="SCORED", finished_at=stage.world.now)
    Release.objects.create(
        submission=later, value=value, outcome="scored", released_at=stage.world.now
    )
    PublishedResult.objects.create(round=round, team=team, submission=later, **figures)
    Final.objects.create(
        round=round, team=team, submission=later, is_declared=True, chosen_at=stage.world.now
    )
    Round.objects.update(status="PUBLISHED")
    round.refresh_from_db()
    return round


def board_cells(page: str) -> tuple[str, dict[str, str]]:
    """Heading and first row of the board by its header."""
    board = page[page.index("<h2>Board") :]
    header = re.findall(r'<div class="text">(.*?)</div>', board[: board.index("</thead>")])
    row = board[board.index("<tbody>") :]
    cells = re.findall(r"<td>(.*?)</td>", row[: row.index("</tr>")])
    return board[4 : board.index("</h2>")], dict(zip(header, cells, strict=True))


def page_of(round: Round) -> str:
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(url("vault_round_change", round.pk))
    return str(answer.content.decode())


def test_the_board_shows_figures_with_the_digits_of_their_grids(stage: Stage) -> None:
    """Nine digits of a value that stands on a grid of .0204 look more exact than they are."""
    Round.objects.update(mechanism="guarded_ladder", parameters={"b": 5, "c": 0.1, "z": 2.0})
    round = publish_one(
        stage,
        value=36 / 49,
        fresh_value=0.7346,
        fresh_low=0.7,
        fresh_high=0.85,
        fresh_resolution=0.01021,
        overstatement=-0.00004839,
        overstatement_low=-0.031,
        overstatement_high=0.031,
        luck=0.021,
        tier=1,
        verdict="CONFIRMED",
        file_named="best_scored",
    )
    step = leaderboard.resolution(round=round)
    Team.objects.update(title="The Alpha")

    page = page_of(round)
    heading, cells = board_cells(page)

    assert 0.01 < step < 0.1
    assert heading == "Board"
    assert (
        "Fresh figures are given to the nearest 0.01021. An overstatement is not Released less Fresh; it is "
        "given to within such a step and two units of its last digit."
    ) in page
    assert cells == {
        "Rank": "1",
        "Team": f'<div class="vault-name">{stage.world.teams["alpha"].name}<br>The Alpha</div>',
        "Released": "0.735",
        "Fresh": "0.735<br>0.700 to 0.850",
        "Overstatement": "0.000<br>-0.031 to 0.031",
        "Luck": "0.021",
        "Verdict": "CONFIRMED<br>best-scored file",
        "Tier": "1",
        "Rank before": "1",
        "Attempts": "2",
    }


def test_the_board_shows_exact_scores_as_the_api(stage: Stage) -> None:
    round = publish_one(
        stage,
        value=1 / 3,
        fresh_value=0.774596669,
        overstatement=-4.8e-05,
        luck=0.030000000000000027,
        verdict="NO_EVIDENCE",
        file_named="final",
    )

    page = page_of(round)
    heading, cells = board_cells(page)

    (row,) = representations.board(round, leaderboard.board(round=round))["rows"]
    assert heading == "Board"
    assert "Fresh figures are given" not in page
    assert cells["Released"] == str(row["released"]) == "0.333333333"
    assert (cells["Fresh"], cells["Verdict"]) == ("0.774597", "NO_EVIDENCE")
    assert (cells["Overstatement"], cells["Luck"]) == ("-0.000048", "0.03")


def test_a_name_keeps_room_on_a_narrow_screen() -> None:
    """A cell that may be broken anywhere shrinks to three letters, beside others that may not be broken."""
    css = (Path(apps.get_app_config("vault").path) / "static" / "vault" / "admin.css").read_text()
    (rule,) = re.findall(r"\.vault-name \{(.*?)\}", css)

    assert "overflow-wrap: anywhere" in rule
    assert re.search(r"min-width: \d+rem", rule)


def test_a_proven_error_has_four_digits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stats.ledger.proven_error", lambda **given: 0.15109228726688712)

    assert "0.1511 at most if all" in page_of(stage.world.round)


def test_the_row_of_merged_teams_names_the_one_that_ended(stage: Stage) -> None:
    world = stage.world
    merging.merge(
        absorbed=world.teams["alpha"],
        kept=world.team("beta"),
        reason="one laboratory",
        actor="ada",
        now=world.now,
    )

    _, cells = board_cells(page_of(world.round))

    assert "weather-beta" in cells["Team"]
    assert "weather-alpha merged into it" in cells["Team"]
    assert cells["Attempts"] == "1"
