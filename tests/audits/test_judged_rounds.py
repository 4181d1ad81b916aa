"""Whole rounds whose verdict hangs on how the holdouts were drawn, what was published, or odd files."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from audits import rounds
from audits.checks import deflation, registry
from audits.collect import collect
from audits.collected import Collected
from audits.models import AuditRun
from tests.audits import stage
from tests.stats.reference_data import reference_case
from tests.vault.factories import NOW, World, acting_as
from vault import rounds as vault_rounds
from vault import submissions
from vault.models import Final, Holdout, PublishedResult, RoundReference, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

GROUP_SIZE = 8
N_VALUES = 600


def collected(world: World) -> Collected:
    with acting_as("audit"):
        return collect(round=world.round, now=NOW)


def of_groups(slug: str, *, n_groups: int) -> World:
    """One label a group, so that what is learned of an item holds for its whole group."""
    rng = np.random.default_rng(31)
    truth = rng.permutation(np.arange(n_groups) % 2).repeat(GROUP_SIZE)
    names = [f"patient{i // GROUP_SIZE:03d}" for i in range(len(truth))]
    half = len(truth) // 2
    return stage.sealed(slug, truth=truth, sizes=(half, None), groups=names)


def flip_groups(
    world: World, team: Team, *, first: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """One answer a group, one group turned round a query; what improves the score is kept."""
    n_groups = len(world.labels) // GROUP_SIZE
    best = np.zeros(n_groups, dtype=np.uint8) if first is None else first
    highest = stage.released(world.answered(team, best.repeat(GROUP_SIZE)))
    for group in range(n_groups):
        tried = best.copy()
        tried[group] ^= 1
        value = stage.released(world.answered(team, tried.repeat(GROUP_SIZE)))
        if value > highest:
            best, highest = tried, value
    assert highest == 1.0
    return best.repeat(GROUP_SIZE)


def test_whole_groups_are_drawn_and_judged() -> None:
    """Thirty groups of eight: cut by the draw, they would tell of fresh items, and nobody would see it."""
    world = of_groups("groups", n_groups=30)
    world.open()
    team = world.team("flips")
    best = flip_groups(world, team)
    queries = stage.query_positions(world)

    stage.audited(stage.closing(world))

    found = collected(world)
    draw = found.draw
    assert draw is not None
    assert draw.unit_of_item is not None
    assert draw.n_units == 30
    assert draw.sizes.tolist() == [GROUP_SIZE] * 30
    assert int(draw.is_query.sum()) == 15
    assert len(set(queries // GROUP_SIZE)) == 15
    # The labels of the fresh items stay unknown: by chance a share of half of 15 groups, +- .13.
    fresh = np.setdiff1d(np.arange(len(best)), queries)
    assert (best == world.labels)[fresh].mean() == pytest.approx(0.5, abs=0.3)
    verdict = stage.finding_of(world, "flips")
    assert verdict.estimate is not None
    assert verdict.luck is not None
    assert verdict.estimate > verdict.luck
    tests = stage.finding_of(world, "flips", "accusation").evidence["tests"]
    # That all of some seven groups that were turned are query items: C(23, 8) / C(30, 15) = .003.
    assert min(each["p_estimate"] for each in tests) < 0.02


def test_patients_that_were_learned_by_flipping_are_seen_on_new_labels() -> None:
    """
    The shared case of thirty patients, which was perfect on query and on fresh items, and NO_EVIDENCE.

    With 15 patients a holdout a lone attacker is CONFIRMED in about half of all draws, else suspected: that
    15 of 15 query patients are right, of 15 + r in all, has probability C(15 + r, 15) / C(30, 15).
    """
    with reference_case("grpleak_labels.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    world = stage.sealed(
        "patients",
        truth=[int(row["label"]) for row in rows],
        sizes=(120, None),
        groups=[row["group"] for row in rows],
    )
    world.open()
    first = np.random.default_rng(1).integers(2, size=30).astype(np.uint8)
    best = flip_groups(world, world.team("flips"), first=first)

    stage.audited(stage.closing(world))

    fresh = np.setdiff1d(np.arange(240), stage.query_positions(world))
    right = int((best == world.labels)[fresh].sum()) // GROUP_SIZE
    # Binomial(15, .5) is between 2 and 13 with probability .999.
    assert 2 <= right <= 13
    tests = stage.finding_of(world, "flips", "accusation").evidence["tests"]
    exact = math.comb(15 + right, 15) / math.comb(30, 15)
    # 1,000 draws and more: the estimate is within .004 of the truth or below twice it.
    assert min(each["p_estimate"] for each in tests) <= 2 * exact + 0.004
    assert stage.verdicts_of(world)["flips"] in ("CONFIRMED", "SUSPECTED")


def test_with_more_groups_who_flips_them_is_confirmed() -> None:
    """Of eighty groups twenty that all turned out to be query items: C(60, 20) / C(80, 40) < 1e-7."""
    world = of_groups("many-groups", n_groups=80)
    world.open()
    flip_groups(world, world.team("flips"))

    stage.audited(stage.closing(world))

    tests = stage.finding_of(world, "flips", "accusation").evidence["tests"]
    assert all(each["accuses"] for each in tests)
    # The one label of all groups is that of more query items than fresh ones: no shift, by groups.
    assert rounds.latest_run(round=world.round).shift_gate == "quiet"
    assert stage.verdicts_of(world) == {"flips": "CONFIRMED"}


def second_round(slug: str) -> World:
    """A published round, and the next one on the holdout that was fresh in it."""
    rng = np.random.default_rng(41)
    truth = rng.integers(2, size=1_500).astype(np.uint8)
    world = stage.sealed(slug, truth=truth, sizes=(500, 500))
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    for name, accuracy in {"first": 0.8, "second": 0.75}.items():
        team = world.team(name)
        world.answered(team, stage.noisy(world, rng, accuracy=0.7))
        world.answered(team, stage.noisy(world, rng, accuracy=accuracy))
    stage.published(stage.audited(stage.closing(world)))

    fresh = Holdout.objects.get(benchmark=world.benchmark, status="FRESH")
    query = Holdout.objects.get(pk=world.fresh.pk)
    assert query.status == "QUERY"
    later = replace(world, query=query, fresh=fresh, round=stage.planned(query, fresh), teams={})
    reference = later.team("later-reference", is_reference=True)
    later.answered(reference, stage.noisy(later, rng, accuracy=0.7))
    later.open()
    later.answered(later.team("later"), stage.noisy(later, rng, accuracy=0.8))
    return later


def published_before(world: World) -> Any:
    return PublishedResult.objects.filter(round__fresh_holdouts=world.query)


def test_published_finals_of_the_round_before_are_compared_with() -> None:
    """Everybody could read their figures on what is now the query holdout, and build on them."""
    world = stage.audited(stage.closing(second_round("promoted")))

    found = collected(world)

    # Two teams' finals and the baseline of the first round.
    assert published_before(world).count() == 3
    assert found.references.k == 1
    assert found.compared_with.k == 1 + 3
    assert [each.file_key for each in found.published_finals] == list(
        published_before(world)
        .order_by("-fresh_value", "team_id")
        .values_list("submission__file_key", flat=True)
    )
    run = rounds.latest_run(round=world.round)
    assert run.snapshot["published_finals"] == [str(each.id) for each in found.published_finals]
    assert len(run.snapshot["references"]) == 1
    assert stage.verdicts_of(world).keys() >= {"later"}


def test_a_first_round_has_no_published_finals() -> None:
    found = collected(stage.audited(stage.closing(stage.small_round("no-earlier"))))

    assert found.published_finals == []
    assert found.compared_with.k == found.references.k == 1


def test_a_boosted_file_behind_a_declared_final_is_confirmed() -> None:
    """The honest first file is declared; the copied labels were on the board all the time."""
    world = stage.small_round("declared")
    attacks = Submission.objects.filter(team=world.teams["attacker"]).order_by("sequence")
    submissions.declare_final(submission=attacks[0], now=NOW)

    stage.audited(stage.closing(world))

    found = stage.finding_of(world, "attacker")
    assert found.verdict == "CONFIRMED"
    assert (found.file_named, found.is_ranked_file) == ("best_scored", False)
    assert found.submission_id == attacks[0].pk
    assert found.best_query is not None
    assert found.query is not None
    assert found.best_query - found.query > 0.1
    final = Final.objects.get(team=world.teams["attacker"])
    assert final.submission_id == attacks[0].pk


def test_a_run_after_a_failed_one_has_the_same_seed_and_p_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who can stop an audit and start it again gets no other random numbers by it."""
    world = stage.closing(stage.small_round("again", n_query=200, n_fresh=400))

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(registry, "CHECKS", (replace(deflation.CHECK, check=fail),))
        with pytest.raises(RuntimeError), acting_as("audit"):
            rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    stage.audited(world)
    first = rounds.latest_run(round=world.round)
    figures = stage.figures(first)
    AuditRun.objects.filter(pk=first.pk).update(status="FAILED")
    world.round.status = "CLOSED"
    world.round.save(update_fields=["status"])

    stage.audited(world)

    runs = AuditRun.objects.filter(round=world.round).order_by("pk")
    assert [each.status for each in runs] == ["FAILED", "FAILED", "DONE"]
    assert {each.seed_entropy for each in runs} == {vault_rounds.audit_seed(round=world.round)}
    assert stage.figures(runs[2]) == figures


def test_damaged_teams_are_counted() -> None:
    world = stage.small_round("damaged")
    before = collected(stage.audited(stage.closing(world)))
    own = Submission.objects.filter(team=world.teams["improving"]).first()
    assert own is not None
    other = Submission.objects.get(team=world.teams["once"])
    Submission.objects.filter(pk=own.pk).update(file_key=other.file_key)

    after = collected(world)

    assert len(after.damaged) == 1
    assert after.n_teams == before.n_teams == 3


LARGE = [3e19, 1e300]


def of_values(slug: str, *, metric: str) -> World:
    """Errors count up to 10^12."""
    truth = np.round(np.random.default_rng(51).normal(size=N_VALUES), 6)
    return stage.sealed(
        slug,
        truth=truth,
        sizes=(N_VALUES // 3, None),
        task="regression",
        classes=[],
        prediction_form="value",
        primary_metric=metric,
        loss_cap=1e12,
        # A share of the range, which is far larger than any error here.
        delta0=0.0,
    )


def near(world: World, rng: np.random.Generator, *, spread: float) -> NDArray[np.float64]:
    answers: NDArray[np.float64] = world.labels + rng.normal(scale=spread, size=N_VALUES)
    return answers


@pytest.mark.parametrize("metric", ["r2", "rmse", "mae"])
@pytest.mark.parametrize("largest", LARGE)
def test_an_extreme_file_makes_no_audit_fail(metric: str, largest: float) -> None:
    """A prediction may be any number: its square is none in single precision."""
    rng = np.random.default_rng(52)
    world = of_values(f"extreme-{metric}-{LARGE.index(largest)}", metric=metric)
    world.open(baseline=near(world, rng, spread=1.0))
    honest, extreme, lonely = (world.team(name) for name in ("honest", "extreme", "lonely"))
    for spread in (0.9, 0.8):
        world.answered(honest, near(world, rng, spread=spread))
    odd = near(world, rng, spread=1.0)
    odd[rng.integers(N_VALUES, size=20)] = largest
    for answers in (near(world, rng, spread=1.0), odd, -odd):
        world.answered(extreme, answers)
    world.answered(lonely, odd)

    stage.published(stage.audited(stage.closing(world)))

    assert AuditRun.objects.get(round=world.round).status == "DONE"
    verdicts = stage.verdicts_of(world)
    assert verdicts["honest"] in ("NO_EVIDENCE", "WITHIN_LUCK")
    assert "CONFIRMED" not in verdicts.values()
    assert "INVALID" not in verdicts.values()


@pytest.mark.parametrize("metric", ["r2", "mae"])
def test_an_extreme_file_hides_no_boosted_one(metric: str) -> None:
    """Who hands in one file of huge errors is judged by its other files all the same."""
    rng = np.random.default_rng(53)
    world = of_values(f"hidden-{metric}", metric=metric)
    world.open(baseline=near(world, rng, spread=1.0))
    team = world.team("attacker")
    first = near(world, rng, spread=1.0)
    boosted = first.copy()
    known = stage.query_positions(world)[: N_VALUES // 6]
    boosted[known] = world.labels[known]
    for answers in (first, boosted, np.where(np.arange(N_VALUES) < 30, 3e19, first)):
        world.answered(team, answers)

    stage.audited(stage.closing(world))

    assert stage.verdicts_of(world)["attacker"] == "CONFIRMED"


def test_a_published_final_whose_file_is_gone_makes_no_audit_fail(settings: Any) -> None:
    """It was INVALID in its own round, or the file was lost since: the others are judged all the same."""
    world = stage.closing(second_round("gone"))
    gone = published_before(world).select_related("submission").order_by("team_id").last()
    (Path(settings.MEDIA_ROOT) / gone.submission.file_key).unlink()

    stage.audited(world)

    assert stage.verdicts_of(world)["later"] != "INVALID"
    found = collected(world)
    assert found.compared_with.k == 1 + 2


def test_the_best_three_of_the_published_finals_are_compared_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A coalition that publishes many votes would explain its composed file by all of them."""
    monkeypatch.setattr("audits.collect.N_PUBLISHED_FINALS", 2)
    world = stage.audited(stage.closing(second_round("best")))

    found = collected(world)

    figures = published_before(world).order_by("-fresh_value").values_list("fresh_value", flat=True)
    assert [each.fresh for each in found.published_finals] == list(figures[:2])
    assert figures[1] > figures[2]
    assert found.compared_with.k == 1 + 2


def test_a_damaged_reference_is_left_out(settings: Any) -> None:
    """The others, and the teams, are judged without it, and the report says that it is missing."""
    world = stage.small_round("reference-gone")
    stage.closing(world)
    gone = RoundReference.objects.select_related("submission__team").get(round=world.round)
    (Path(settings.MEDIA_ROOT) / gone.submission.file_key).write_bytes(b"not what was received")

    stage.audited(world)
    found = collected(world)
    assert found.references.k == 0
    assert found.reference_teams == []
    stage.published(world)
    run = rounds.latest_run(round=world.round)
    assert run.snapshot["references"] == []
    assert gone.submission.team.name not in stage.verdicts_of(world)
    assert "INVALID" not in stage.verdicts_of(world).values()
    assert (
        f"Left out, since a stored file is damaged: {gone.submission.team.name}." in run.report.html
    )
