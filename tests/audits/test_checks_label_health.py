"""Label health: finals beyond declared noise, and how many new labels finals contradict."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audits import rounds as audit_rounds
from audits.checks import label_health
from audits.collected import Collected, Entrant, Opened
from audits.models import Finding, Publication
from stats.metrics import Rules
from tests.audits import stage
from tests.audits.histories import collected, context, entrant
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world
from vault.models import Benchmark, Team

N, M = 10, 40_000
Answers = NDArray[Any]
NOISY = [[0.95, 0.05], [0.2, 0.8]]
EVEN = [[0.9, 0.1], [0.1, 0.9]]


@dataclass(frozen=True)
class File:
    """A final's file in memory, with answers to query items that nobody reads."""

    fresh: Answers

    def of(self, number: int) -> Answers:
        assert number == 0
        return np.concatenate([np.zeros((N, *self.fresh.shape[1:]), self.fresh.dtype), self.fresh])


def final(team_id: int, answers: Answers) -> Entrant:
    made = entrant(team_id, np.ones((N, 1)), np.ones((len(answers), 1)))
    return replace(made, answers=File(answers))  # type: ignore[arg-type]


def given(labels: Answers, *answers: Answers, groups: Any = None, **more: Any) -> Collected:
    fresh = Opened(
        positions=np.arange(N, N + len(labels)), labels=labels, groups=groups, strata=None
    )
    finals = [final(number, each) for number, each in enumerate(answers, start=1)]
    return collected(*finals, fresh=fresh, **more)


def labelled(
    rng: np.random.Generator, noise: list[list[float]], *, m: int = M
) -> tuple[Answers, Answers]:
    """True labels, three in ten of class 1, and what noise makes of them."""
    truth = (rng.random(m) < 0.3).astype(np.int64)
    flips = rng.random(m) < np.array([noise[0][1], noise[1][0]])[truth]
    return truth, truth ^ flips


def answering(
    rng: np.random.Generator, truth: Answers, rates: tuple[float, float] = (0.1, 0.1)
) -> Answers:
    """Wrong at another rate in each true class, independently of the noise."""
    result: Answers = truth ^ (rng.random(len(truth)) < np.array(rates)[truth])
    return result


def evidence_of(found: list[Finding]) -> dict[str, Any]:
    (board,) = found
    assert board.team_id is None
    evidence: dict[str, Any] = board.evidence
    return evidence


@pytest.mark.parametrize("noise", [EVEN, NOISY])
def test_the_share_on_true_labels_comes_back(
    rng: np.random.Generator, noise: list[list[float]]
) -> None:
    """Labels as they are tell .82 and less of a file that is right in .90 of true labels."""
    truth, labels = labelled(rng, noise)
    answers = answering(rng, truth, (0.05, 0.2))

    found = evidence_of(label_health.check(given(labels, answers, label_noise=noise), context()))

    of_file = found["adjusted"][1]
    assert of_file["as_labelled"] == pytest.approx(np.mean(labels == answers), abs=1e-12)
    assert of_file["as_labelled"] < np.mean(truth == answers) - 0.05
    # Four standard errors of some .0025: beyond them once in 16,000 draws, and the seed is fixed.
    assert of_file["value"] == pytest.approx(np.mean(truth == answers), abs=0.01)
    # By hand: each predicted class's counts of given labels, solved for true ones.
    given_counts = np.zeros((2, 2))
    np.add.at(given_counts, (labels, answers), 1)
    solved = np.linalg.solve(np.array(noise).T, given_counts)
    assert of_file["value"] == pytest.approx(np.trace(solved) / M, abs=1e-9)
    assert "suspects" not in found


def test_intervals_cover_as_often_as_they_say() -> None:
    """Of 400 draws 20 are missed on average; 8 to 34 hold all but one in 500 such tests."""
    rng = np.random.default_rng(26)
    n_missed = 0
    for _ in range(400):
        truth, labels = labelled(rng, NOISY, m=2_000)
        answers = answering(rng, truth, (0.1, 0.3))
        case = given(labels, answers, label_noise=NOISY)
        of_file = evidence_of(label_health.check(case, context()))["adjusted"][1]
        expected = 0.7 * 0.9 + 0.3 * 0.7
        n_missed += not of_file["low"] <= expected <= of_file["high"]

    assert 8 <= n_missed <= 34


def test_items_that_were_drawn_together_make_intervals_wider(rng: np.random.Generator) -> None:
    """Each item eight times is as sure as once."""
    truth, labels = labelled(rng, EVEN, m=500)
    answers = answering(rng, truth)
    groups = np.repeat(np.arange(500), 8).astype(object)

    once, eight = (
        evidence_of(label_health.check(case, context()))["adjusted"][1]
        for case in (
            given(labels, answers, label_noise=EVEN),
            given(np.repeat(labels, 8), np.repeat(answers, 8), groups=groups, label_noise=EVEN),
        )
    )

    assert eight["value"] == pytest.approx(once["value"])
    width, of_eight = (each["high"] - each["low"] for each in (once, eight))
    assert of_eight == pytest.approx(width, rel=0.02)


def test_a_threshold_decides_what_is_right(rng: np.random.Generator) -> None:
    labels = np.array([0, 0, 1, 1] * 10)
    answers = np.array([0.1, 0.4, 0.4, 0.9] * 10)
    rules = Rules(n_classes=2, decision_threshold=0.3)

    found = label_health.check(given(labels, answers, label_noise=EVEN, rules=rules), context())

    assert evidence_of(found)["adjusted"][1]["as_labelled"] == 0.75


@pytest.mark.parametrize("n_classes", [2, 3])
def test_planted_errors_are_counted_by_most_and_by_all(n_classes: int) -> None:
    """Three sure files contradict ten wrong labels, and two of them five more."""
    rng = np.random.default_rng(4)
    truth = rng.integers(n_classes, size=600)
    labels = truth.copy()
    labels[:10] = (labels[:10] + 1) % n_classes

    def sure(answers: Answers) -> Answers:
        chances = np.full((len(answers), n_classes), 0.1 / (n_classes - 1))
        chances[np.arange(len(answers)), answers] = 0.9
        return chances[:, 1] if n_classes == 2 else chances

    other = truth.copy()
    other[10:15] = (other[10:15] + 1) % n_classes
    third = truth.copy()
    third[20:30] = (third[20:30] + 1) % n_classes
    files = [sure(each) for each in (other, other, third)]

    found = evidence_of(
        label_health.check(given(labels, *files, rules=Rules(n_classes=n_classes)), context())
    )

    suspects = found["suspects"]
    assert (suspects["n_finals"], suspects["by_most"], suspects["by_all"]) == (3, 15, 10)
    assert [each[2] for each in suspects["by_class"]] == np.bincount(labels).tolist()
    assert sum(each[1] for each in suspects["by_class"]) == 15
    assert "adjusted" not in found


def test_counts_of_small_classes_are_left_out() -> None:
    labels = np.array([0] * 100 + [1] * 19)
    chances = np.where(labels == 1, 0.9, 0.1)

    found = evidence_of(label_health.check(given(labels, *[chances] * 3), context()))

    assert found["suspects"]["by_class"] == [[0, 0, 100]]


def test_nothing_is_found_where_there_is_nothing_to_say(rng: np.random.Generator) -> None:
    truth, labels = labelled(rng, EVEN, m=100)
    answers, chances = answering(rng, truth), rng.random(100)
    values = Rules(n_classes=None, loss_cap=1.0)
    perfect = [[1.0, 0.0], [0.0, 1.0]]

    for case in (
        given(labels, answers, answers, answers),
        given(labels, answers, label_noise=perfect),
        # Two files that hold probabilities contradict by their own errors.
        given(labels, chances, chances),
        given(chances, chances, rules=values),
        collected(entrant(1, np.ones((N, 1)), np.ones((5, 1))), label_noise=EVEN),
        collected(entrant(1, np.ones((N, 1)), np.ones((0, 1))), label_noise=EVEN),
    ):
        assert label_health.check(case, context()) == []


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("health")


def told(world: World, **evidence: Any) -> str:
    run = run_with(world)
    for name in "ab":
        judged(run, "NO_EVIDENCE", name=name)
    Finding.objects.create(
        run=run, check_name="label_health", evidence={"n": 1_200, "has_awaited": False, **evidence}
    )
    return text_of(reports_html(run))


def adjusted(name: str, value: float) -> dict[str, Any]:
    return {
        str(Team.objects.get(name=name).pk): {
            "as_labelled": 0.8,
            "value": value,
            "low": value - 0.04,
            "high": value + 0.04,
        }
    }


def test_the_report_says_what_finals_are_worth_beyond_noise(world: World) -> None:
    run = run_with(world)
    for name in "ab":
        judged(run, "NO_EVIDENCE", name=name)
    of_teams = adjusted("a", 0.875) | adjusted("b", 1.0125)
    Finding.objects.create(
        run=run,
        check_name="label_health",
        evidence={"n": 1_200, "has_awaited": True, "noise": EVEN, "adjusted": of_teams},
    )

    text = text_of(reports_html(run))

    assert "declare that a label is wrong with probability .100." in text
    # The best comes first.
    assert "b .8000 1.0125 [.9725, 1.0525] a .8000 .8750 [.8350, .9150]" in text
    assert "Of 1 final the estimate is above 1, which no share is" in text
    assert "covers the sampling of the 1,200 new labels for one final by itself" in text
    assert "is tested at each look at them" in text


def test_the_report_counts_labels_to_look_at_again(world: World) -> None:
    counts = {"n_finals": 4, "by_most": 9, "by_all": 2, "by_class": [[0, 3, 900], [1, 6, 300]]}

    text = told(world, suspects=counts)

    assert "Of 1,200 new labels 9 are contradicted with confidence by more than half of the" in text
    assert "4 finals that hold probabilities, 2 of them by all." in text
    assert "By label: 6 of 300 labels “1”, 3 of 900 labels “0”." in text
    assert "is tested at each look at them" not in text
    assert "beyond the noise" not in text


def test_rates_by_class_are_named(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE", name="a")
    of_teams = {"noise": NOISY, "adjusted": adjusted("a", 0.9)}
    Finding.objects.create(
        run=run,
        check_name="label_health",
        evidence={"n": 1_200, "has_awaited": False, **of_teams},
    )

    text = text_of(reports_html(run))

    assert "labels are wrong with probability .200 of “1”, .050 of “0”, by the true class" in text


def test_a_report_without_it_says_nothing(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE")

    assert "noise of labels" not in text_of(reports_html(run))


@pytest.mark.usefixtures("vault_keys")
def test_an_audit_reads_what_is_declared_and_publishes_nothing_of_it() -> None:
    world = stage.closing(stage.small_round("health-told"))
    Benchmark.objects.filter(pk=world.benchmark.pk).update(label_noise=0.1)
    world = stage.audited(world)
    run = audit_rounds.latest_run(round=world.round)
    found = Finding.objects.get(run=run, check_name="label_health")
    assert found.evidence["noise"] == [[0.9, 0.1], [0.1, 0.9]]
    assert len(found.evidence["adjusted"]) == 3
    assert "Finals beyond the noise of labels" in run.report.html
    stage.published(world)

    document = str(Publication.objects.get(round=world.round).document)
    assert [each for each in ("noise", "as_labelled", "suspects") if each in document] == []
