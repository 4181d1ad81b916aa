"""One audit run through the real database, with the rights of the audit worker."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from audits import rounds
from audits.checks import accusation, deflation
from audits.models import AuditRun, Finding, Report
from audits.report import page
from stats.metrics import Scorer
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import history, journal, predictions, submissions
from vault import rounds as vault_rounds
from vault.models import JournalEntry, PublishedResult, Submission
from vault.statuses import HoldoutStatus

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def closed_and_audited(world: World) -> World:
    return stage.audited(stage.closing(world))


def test_the_overfitting_attacker_alone_is_confirmed() -> None:
    """A hill climber of 160 queries that sees released scores only, against four honest teams.

    Seed 77. CONFIRMED is held to a family-wise error of .01: by chance an honest team would be
    accused in at most 1 of 100 such leagues.
    """
    rng = np.random.default_rng(77)
    world = make_world("league", n_query=400, n_fresh=800, seed=77, closes_at=stage.FAR_AHEAD)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    for name in ("forest", "linear", "boosting", "network"):
        team = world.team(name)
        for accuracy in np.linspace(0.7, 0.8, 5):
            world.answered(team, stage.noisy(world, rng, accuracy=float(accuracy)))
    stage.climb(world, world.team(stage.ATTACKER), rng, queries=160, flips=12)

    closed_and_audited(world)

    confirmed = [name for name, each in stage.verdicts_of(world).items() if each == "CONFIRMED"]
    assert confirmed == [stage.ATTACKER]
    found = stage.finding_of(world, stage.ATTACKER)
    assert found.low is not None
    assert found.low > 0


def test_findings_are_complete_and_carry_their_limits() -> None:
    """Invariant 12: every verdict carries its minimum detectable effect."""
    world = closed_and_audited(stage.small_round("complete"))

    assert stage.verdicts_of(world) == {
        "attacker": "CONFIRMED",
        "improving": "NO_EVIDENCE",
        "once": "NO_EVIDENCE",
        "reference-0": "",
    }
    run = rounds.latest_run(round=world.round)
    assert run.shift_gate == "quiet"
    for name in ("attacker", "improving", "once"):
        found = stage.finding_of(world, name)
        assert found.minimum_detectable_effect is not None
        assert found.minimum_detectable_effect > 0
        assert found.low is not None
        assert found.estimate is not None
        assert found.high is not None
        assert found.low < found.estimate < found.high
        assert found.p_value is not None
        assert 0 < found.p_value <= 1
    checks = set(Finding.objects.filter(run=run).values_list("check_name", flat=True))
    assert checks == {
        "verdict",
        "accusation",
        "integrity",
        "account_groups",
        "ledger",
        "shift_gate",
        "discordant_pairs",
        "deflation",
        "ranking",
        "ranks",
        "improvements",
        "evidence_over_rounds",
        "trajectory",
        "scores",
        "gaps",
        "two_sets",
    }


def test_each_opening_is_journaled_before_anything_is_found() -> None:
    """Invariant 4: both holdouts are opened by the audit worker, and the journal says so first."""
    world = stage.closing(stage.small_round("opened"))
    before = JournalEntry.objects.filter(benchmark=world.benchmark).count()

    stage.audited(world)

    entries = JournalEntry.objects.filter(benchmark=world.benchmark).order_by("sequence")[before:]
    assert [entry.kind for entry in entries] == [
        "round_closed",
        "open_labels",
        "open_labels",
        "audit",
        "round_audited",
    ]
    assert journal.verify(benchmark_id=world.benchmark.pk)


def test_nothing_of_single_items_is_stored() -> None:
    """Per-example correctness is label material and is never stored in the clear."""
    world = closed_and_audited(stage.small_round("per-item"))

    def longest(value: Any) -> int:
        if isinstance(value, dict):
            return max(map(longest, value.values()), default=0)
        if isinstance(value, list):
            return max(len(value), *map(longest, value)) if value else 0
        return 0

    for found in Finding.objects.filter(run__round=world.round):
        assert longest(found.evidence) <= len(world.teams)


STEPS = [
    (history, "round_history"),
    (predictions, "load"),
    (Scorer, "items"),
    (accusation, "run"),
    (deflation, "deflate"),
    (journal, "append"),
    (page, "render_to_string"),
]


@pytest.mark.parametrize(("room", "step"), STEPS, ids=[step for _, step in STEPS])
def test_killed_half_way_is_begun_again_with_the_same_figures(
    monkeypatch: pytest.MonkeyPatch, room: Any, step: str
) -> None:
    """Invariant 3, for audits: a crash loses nothing, and nobody gets other random numbers by it."""
    slug = f"killed-{step.replace('_', '-')}"
    world = stage.closing(stage.small_round(slug, n_query=100, n_fresh=200))
    with acting_as("audit"):
        whole = runs_figures(world, monkeypatch)
        AuditRun.objects.filter(round=world.round).update(status="FAILED")
        with monkeypatch.context() as patched:
            patched.setattr(room, step, die)
            with pytest.raises(KeyboardInterrupt):
                rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    assert not Finding.objects.filter(run__status="RUNNING").exists()

    stage.audited(world)

    run = rounds.latest_run(round=world.round)
    assert stage.figures(run) == whole
    assert Report.objects.filter(run=run).count() == 1
    runs = AuditRun.objects.filter(round=world.round).order_by("pk")
    assert list(runs.values_list("status", flat=True)) == ["FAILED", "FAILED", "DONE"]


def runs_figures(world: World, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a run that nothing disturbs finds, without moving the round on."""
    with monkeypatch.context() as patched:
        patched.setattr(vault_rounds, "mark_audited", die)
        with pytest.raises(KeyboardInterrupt):
            rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    return stage.figures(rounds.latest_run(round=world.round))


def test_a_withdrawn_final_is_in_the_menu_and_not_judged() -> None:
    world = stage.small_round("withdrawn")
    attacks = Submission.objects.filter(team=world.teams["attacker"]).order_by("sequence")
    submissions.declare_final(submission=attacks[2], now=NOW)
    submissions.withdraw(submission=attacks[2], now=NOW)

    closed_and_audited(world)

    found = stage.finding_of(world, "attacker")
    assert found.submission_id == attacks[1].pk
    tested = stage.finding_of(world, "attacker", "accusation").evidence
    assert tested["k"] == 3
    assert {(each["which"], each["file"]) for each in tested["tests"]} == {
        ("final", 2),
        ("best_scored", 3),
    }


@pytest.mark.parametrize(
    ("name", "best", "verdict"), [("attacker", 3, "CONFIRMED"), ("once", 1, "NO_EVIDENCE")]
)
def test_a_team_that_withdrew_everything_is_judged_by_its_best_scored_file(
    name: str, best: int, verdict: str
) -> None:
    """Else a team would see its scores, build on them elsewhere and leave no trace here."""
    world = stage.small_round(f"nothing-left-{name}")
    for submission in Submission.objects.filter(team=world.teams[name]):
        submissions.withdraw(submission=submission, now=NOW)

    closed_and_audited(world)

    found = stage.finding_of(world, name)
    assert found.verdict == verdict
    assert found.submission_id is None
    assert (found.query, found.fresh) == (None, None)
    assert found.best_query is not None
    assert (found.file_named, found.is_ranked_file) == ("best_scored", False)
    named = found.named_submission
    assert named is not None
    assert (named.team, named.sequence) == (world.teams[name], best)
    tested = stage.finding_of(world, name, "accusation").evidence["tests"]
    assert {(each["which"], each["file"]) for each in tested} == {("best_scored", best)}
    # It has no final, so no figure: its verdict is what is published.
    stage.published(world)
    told = PublishedResult.objects.get(round=world.round, team=world.teams[name])
    assert (told.verdict, told.file_named, told.fresh_value) == (verdict, "best_scored", None)


def test_a_blind_team_is_audited() -> None:
    world = stage.small_round("blind")
    rng = np.random.default_rng(5)
    blind = world.team("blind", is_blind=True)
    for _ in range(2):
        world.answered(blind, stage.noisy(world, rng, accuracy=0.7))

    closed_and_audited(world)

    found = stage.finding_of(world, "blind")
    assert found.p_value is not None
    assert found.released is None
    assert found.query == pytest.approx(0.7, abs=0.1)


def test_a_round_without_fresh_items_tests_nobody() -> None:
    """Invariant 12: the fresh holdout was drawn with another batch, so nothing can be told."""
    world = stage.small_round("no-fresh")
    world.round.fresh_holdouts.clear()

    stage.published(closed_and_audited(world))

    assert set(stage.verdicts_of(world).values()) == {"NOT_TESTED", ""}
    assert stage.finding_of(world, "once").fresh is None
    assert rounds.latest_run(round=world.round).shift_gate == "not_tested"
    told = PublishedResult.objects.filter(round=world.round)
    assert set(told.values_list("fresh_value", "verdict")) == {(None, "NOT_TESTED"), (None, "")}
    world.query.refresh_from_db()
    assert world.query.status == HoldoutStatus.RETIRED


def test_a_changed_file_is_invalid_and_stops_nobody_else() -> None:
    world = stage.small_round("changed")
    own = Submission.objects.filter(team=world.teams["improving"]).order_by("sequence")
    other = Submission.objects.get(team=world.teams["once"])
    Submission.objects.filter(pk=own[0].pk).update(file_key=other.file_key)

    closed_and_audited(world)

    verdicts = stage.verdicts_of(world)
    assert verdicts["improving"] == "INVALID"
    assert verdicts["attacker"] == "CONFIRMED"


def test_a_reference_team_with_two_files_stands_for_its_first() -> None:
    rng = np.random.default_rng(3)
    world = make_world("two-files", closes_at=stage.FAR_AHEAD)
    reference = world.team("reference", is_reference=True)
    first = world.answered(reference, stage.noisy(world, rng, accuracy=0.7))
    world.answered(reference, stage.noisy(world, rng, accuracy=0.8))
    world.open()
    world.answered(world.team("once"), stage.noisy(world, rng, accuracy=0.7))

    closed_and_audited(world)

    assert stage.finding_of(world, "reference").submission_id == first.pk


def test_a_round_that_nobody_entered() -> None:
    world = make_world("empty", closes_at=stage.FAR_AHEAD)
    world.open()

    stage.published(closed_and_audited(world))

    assert stage.verdicts_of(world) == {}
    assert world.round.status == "PUBLISHED"


def test_run_ends_when_it_has_ended() -> None:
    """By a clock of which each look is a minute later, the end is not the moment of the beginning."""
    world = stage.closing(stage.small_round("ends"))
    looks: list[dt.datetime] = []

    def clock() -> dt.datetime:
        looks.append(NOW + dt.timedelta(days=900, minutes=len(looks)))
        return looks[-1]

    with acting_as("audit"):
        rounds.advance(round_id=world.round.pk, clock=clock)

    run = AuditRun.objects.get()
    assert run.finished_at is not None
    assert run.started_at + dt.timedelta(minutes=2) <= run.finished_at <= looks[-1]
    assert Report.objects.get().created_at == run.finished_at
