"""What is published of a team in words: one verdict everywhere, decided from the figures that are shown."""

import hashlib
import re
from typing import Any

import numpy as np
import pytest

from audits import description, rounds, sentences
from audits.models import Finding, Report
from tests.audits import stage
from tests.audits.reported import drawn_in
from tests.audits.test_publication import check_against_description, document_of, teams_of
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import leaderboard, submissions
from vault.models import PublishedResult, RoundSecret, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def verdict_on_the_board(world: World, name: str) -> str | None:
    with acting_as("web"):
        board = {row.team: row.verdict for row in leaderboard.board(round=world.round)}
    return board[f"{world.benchmark.slug}-{name}"]


def fresh_of(world: World, name: str) -> float:
    fresh = stage.finding_of(world, name).fresh
    assert fresh is not None
    return fresh


def finding_says(world: World, name: str, **columns: Any) -> None:
    """As if the audit had found other figures."""
    found = stage.finding_of(world, name)
    Finding.objects.filter(pk=found.pk).update(
        **{"verdict": columns.get("published_verdict", found.verdict), **columns}
    )


@pytest.mark.parametrize("publication", ["coarse", "full"])
@pytest.mark.parametrize(("luck", "expected"), [(0.0, "NO_EVIDENCE"), (0.5, "WITHIN_LUCK")])
def test_within_luck_is_what_the_figures_show(publication: str, luck: float, expected: str) -> None:
    """An overstatement beyond the luck beside it is never called within luck."""
    world = stage.small_round(f"luck-{publication}-{int(luck * 10)}", publication=publication)
    stage.audited(stage.closing(world))
    query = fresh_of(world, "improving") + 0.1
    finding_says(world, "improving", published_verdict="WITHIN_LUCK", query=query, luck=luck)

    stage.published(world)

    row = teams_of(world)["improving"]
    assert row["verdict"] == expected
    assert (row["overstatement"] > row["luck"]) == (expected == "NO_EVIDENCE")
    assert verdict_on_the_board(world, "improving") == expected
    assert ("so this is within chance" in row["sentence"]) == (expected == "WITHIN_LUCK")


def test_an_interval_that_reaches_nothing_is_not_called_within_luck() -> None:
    """The published interval is wider than the exact one, which the judge has seen above delta0."""
    world = stage.small_round("luck-wide", publication="coarse")
    stage.audited(stage.closing(world))
    query = fresh_of(world, "improving") + 0.02
    finding_says(world, "improving", published_verdict="WITHIN_LUCK", query=query, luck=0.5)

    stage.published(world)

    row = teams_of(world)["improving"]
    assert row["overstatement_interval"][0] <= 0
    assert row["verdict"] == "NO_EVIDENCE"


def test_without_an_overstatement_nothing_is_within_luck() -> None:
    """A final below the baseline has no figure: nobody could see that it is within luck."""
    rng = np.random.default_rng(3)
    world = make_world("unseen", n_query=600, n_fresh=1_200, closes_at=stage.FAR_AHEAD)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    world.answered(world.team("random"), stage.noisy(world, rng, accuracy=0.5))
    stage.audited(stage.closing(world))
    finding_says(world, "random", published_verdict="WITHIN_LUCK", luck=0.5)

    stage.published(world)

    row = teams_of(world)["random"]
    assert (row["overstatement"], row["verdict"]) == (None, "NO_EVIDENCE")
    assert verdict_on_the_board(world, "random") == "NO_EVIDENCE"


def test_why_a_final_has_no_figure() -> None:
    """Of a file that was shown no value of its own nobody can say that it did not beat the baseline."""
    rng = np.random.default_rng(5)
    world = make_world(
        "why", n_query=600, n_fresh=1_200, mechanism="guarded_ladder", closes_at=stage.FAR_AHEAD
    )
    world.open(baseline=stage.noisy(world, rng, accuracy=0.6))
    world.answered(world.team("below"), stage.noisy(world, rng, accuracy=0.5))
    stage.published(stage.audited(stage.closing(world)))
    row = teams_of(world)["below"]

    assert row["released"] is None
    assert row["no_figure"] == sentences.NOT_RELEASED == "no value of its own was released"
    assert "no figure on new labels: no value of its own was released." in row["sentence"]


def test_without_a_baseline_nothing_is_said_to_be_below_it() -> None:
    world = stage.small_round("no-baseline", n_references=0)
    stage.published(stage.audited(stage.closing(world)))

    assert teams_of(world)["once"]["no_figure"] == sentences.NO_BASELINE


@pytest.mark.parametrize("publication", ["coarse", "full"])
def test_a_team_that_withdrew_everything_reads_its_verdict(publication: str) -> None:
    """No final, and yet its best-scored file was tested: one verdict, a sentence and its limit."""
    world = stage.small_round(f"gone-{publication}", publication=publication)
    for name in ("improving", "attacker"):
        for each in Submission.objects.filter(team=world.teams[name]):
            submissions.withdraw(submission=each, now=NOW)

    stage.published(stage.audited(stage.closing(world)))

    check_against_description(document_of(world))
    row = teams_of(world)["improving"]
    assert row["verdict"] == verdict_on_the_board(world, "improving") == "NO_EVIDENCE"
    assert (row["file_named"], row["is_ranked_file"]) == ("best_scored", False)
    assert row["no_figure"] == "there is no final, since every file was withdrawn"
    told = ("fresh", "query", "named_query", "named_fresh", "overstatement", "rank_after", "tier")
    assert {row[name] for name in told} == {None}
    assert row["luck"] > 0
    assert row["minimum_detectable_effect"] > 0
    assert row["sentence"].startswith(
        "This team has no final: it withdrew every file. Its best-scored file was tested, with no finding "
        "at the level that this audit holds. An honest team with 3 files misses up to ."
    )
    attacker = teams_of(world)["attacker"]
    assert attacker["verdict"] == verdict_on_the_board(world, "attacker") == "CONFIRMED"
    assert attacker["sentence"].startswith(
        "CONFIRMED: the best-scored file, which is not ranked. This team has no final: it withdrew every "
        "file. The score of "
    )
    assert attacker["named_fresh"] is not None
    last = Submission.objects.filter(team=world.teams["improving"]).order_by("sequence").last()
    assert PublishedResult.objects.get(team=world.teams["improving"]).submission == last
    report = Report.objects.get(run__round=world.round).html
    assert "This team has no final: it withdrew every file. The best-scored file: on the" in report


def test_an_accusation_names_one_team() -> None:
    """The attacker has the title of an honest team: no reader takes one for the other."""
    world = stage.small_round("alike")
    for name, title in {"once": "The Forest", "attacker": "the  FOREST"}.items():
        Team.objects.filter(pk=world.teams[name].pk).update(title=title)

    stage.published(stage.audited(stage.closing(world)))

    row = teams_of(world)["attacker"]
    assert (row["team"], row["title"]) == ("alike-attacker", "the  FOREST")
    assert "The score of the  FOREST (alike-attacker)" in row["sentence"]
    report = Report.objects.get(run__round=world.round).html
    assert "The score of the  FOREST (alike-attacker)" in report
    called = {
        re.sub(r"[\d. ]*$", "", name) for name in re.findall(r">([^<>]*orest[^<>]*)<", report, re.I)
    }
    assert all("(alike-" in name or "…" in name for name in called), called
    drawn = "".join(drawn_in(report))
    assert "The Forest (alike-once)" in drawn
    assert "…ike-attacker)" in drawn  # a long name is cut in its middle


def test_a_lead_is_spoken_of_where_the_file_is_ahead() -> None:
    """The only reference scores .70 on the query labels: `behind` is not ahead of it, `ahead` is."""
    rng = np.random.default_rng(7)
    world = make_world(
        "leads", n_query=600, n_fresh=1_200, closes_at=stage.FAR_AHEAD, publication="full"
    )
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    world.answered(world.team("behind"), stage.noisy(world, rng, accuracy=0.6))
    world.answered(world.team("ahead"), stage.noisy(world, rng, accuracy=0.8))

    stage.published(stage.audited(stage.closing(world)))

    rows = teams_of(world)
    assert "ts lead over the references" in rows["ahead"]["sentence"]
    assert "s lead" not in rows["behind"]["sentence"]
    assert "Beside the references it looks" in rows["behind"]["sentence"]


def test_where_the_gate_fired_no_limit_is_promised() -> None:
    """Nobody can be accused there, so that no overstatement would have been found."""
    rng = np.random.default_rng(8)
    world = make_world("shifted", n_query=600, n_fresh=1_200, closes_at=stage.FAR_AHEAD)
    # The reference knows a fifth of the query labels: as if those were easier for everybody.
    base = stage.noisy(world, rng, accuracy=0.7)
    world.open(baseline=stage.knows_labels(world, base, share=0.5))
    file = stage.knows_labels(world, stage.noisy(world, rng, accuracy=0.8), share=0.5)
    world.answered(world.team("honest"), file)

    stage.published(stage.audited(stage.closing(world)))

    document = document_of(world)
    (row,) = document["teams"]
    assert (document["shift_gate"], row["verdict"]) == ("fired", "SHIFT")
    assert document["headline"] == "0 CONFIRMED, 0 INVALID, 0 without evidence, 1 SHIFT of 1"
    assert row["minimum_detectable_effect"] is None
    report = Report.objects.get(run__round=world.round).html
    for told in (row["sentence"], report):
        assert "would have been found with 80 %." not in told


def test_commits_to_the_seed_as_text_and_says_so() -> None:
    """Of the digits, not of the bytes that they stand for: whoever is told the seed must know."""
    world = stage.small_round("seed")
    stage.audited(stage.closing(world))
    stage.published(world)

    seed = rounds.latest_run(round=world.round).seed_entropy
    assert document_of(world)["seed_commitment"] == hashlib.sha256(seed.encode("ascii")).hexdigest()
    drawn = RoundSecret.objects.get(round=make_world("drawn").round).audit_seed
    assert re.fullmatch("[0-9a-f]{64}", drawn)
    described = description.SHAPES["AuditDocument"]["properties"]["seed_commitment"]
    assert "64 hexadecimal digits in lower case, in ASCII" in described["description"]
    assert "No route tells it" in described["description"]
