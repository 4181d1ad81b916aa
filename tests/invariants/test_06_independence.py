"""Invariant 6: a team's answers depend on its own submissions, the baseline and the round's constants alone.

The same team hands in the same files while others come and go in every random order that a seed gives:
rivals and sybils admitted half way, wake-ups for other teams and repeated ones, cancelled submissions,
a rival whose file cannot be read. Seeds are fixed, so a failure is no accident.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray

from stats.mechanisms import MECHANISMS as REGISTERED
from tests.vault.corrected import ask_to_void, reseal, score_again
from tests.vault.factories import World, make_world
from vault import release, submissions
from vault.api import representations
from vault.models import Release, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

N_ITEMS, N_FILES = 300, 6
MECHANISMS: dict[str, dict[str, Any]] = {
    "exact": {},
    "rounded": {"digits": 2},
    "ladder": {"c": 0.5},
    "parameter_free_ladder": {},
    "guarded_ladder": {"b": 3},
    "thresholdout": {"t": 0.01, "c": 0.5, "answers": 4},
    "gaussian": {"c": 0.5},
    "one_bit": {"b": 3},
    "blind": {},
}
OWN = ("id", "submitted_at", "finished_at", "benchmark")


def files_of_the_team(world: World) -> list[NDArray[np.uint8]]:
    """Better and better, with one that is worse in between."""
    wrong = (90, 70, 80, 45, 20, 5)
    return [world.wrong_at(range(count)) for count in wrong]


def answers(team: Team) -> list[dict[str, Any]]:
    """What the API shows of the team's submissions, without names, ids and times, which are new each time."""
    scored = Submission.objects.filter(team=team).select_related("round")
    return [
        {name: value for name, value in representations.submission(each).items() if name not in OWN}
        for each in scored.order_by("sequence")
    ]


def opened(slug: str, mechanism: str) -> tuple[World, Team]:
    world = make_world(slug, mechanism=mechanism, parameters=MECHANISMS[mechanism], seed=6)
    world.open(baseline=world.wrong_at(range(100)))
    return world, world.team("observed")


def alone(mechanism: str, *, corrected_after: int | None = None) -> list[dict[str, Any]]:
    world, team = opened(f"alone-{mechanism}", mechanism)
    for number, answers_of_file in enumerate(files_of_the_team(world)):
        if number == corrected_after:
            correct(world)
        world.answered(team, answers_of_file)
    return answers(team)


def correct(world: World) -> None:
    """The same items are left out in every company, of whatever holdout they are."""
    assert reseal(ask_to_void(world, range(0, 300, 7)))
    assert score_again() == [True]


class Crowd:
    """Everybody else, acting at random."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world = world
        self.rng = rng
        self.rivals: list[Team] = []
        self.waiting: list[Submission] = []

    def act(self) -> None:
        acts = (self.join, *[self.submit] * 4, *[self.wake] * 3, self.cancel, self.spoil)
        acts[self.rng.integers(len(acts))]()

    def join(self) -> None:
        if len(self.rivals) < 8:
            self.rivals.append(self.world.team(f"sybil-{len(self.rivals)}"))

    def submit(self) -> None:
        if self.rivals:
            file = self.rng.integers(2, size=N_ITEMS).astype(np.uint8)
            receipt = self.world.submit(self.rivals[self.rng.integers(len(self.rivals))], file)
            self.waiting.append(receipt.submission)

    def wake(self) -> None:
        """For whoever: a message may come late, twice, or for something that is long scored."""
        if self.waiting:
            self.world.score(self.waiting[self.rng.integers(len(self.waiting))])

    def cancel(self) -> None:
        queued = [each for each in self.waiting if self.status_of(each) == "QUEUED"]
        queued = [each for each in queued if each.fence == 0]
        if queued:
            submissions.cancel(submission=queued[-1], now=self.world.now)

    def spoil(self) -> None:
        """A rival's stored file is gone: its scoring is put off, again and again."""
        queued = [each for each in self.waiting if self.status_of(each) == "QUEUED"]
        if queued:
            path = Path(settings.MEDIA_ROOT) / queued[0].file_key
            path.unlink(missing_ok=True)
            self.world.score(queued[0])

    def status_of(self, submission: Submission) -> str:
        submission.refresh_from_db()
        return submission.status


@pytest.fixture
def _equal_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds come from the round's secret and the team, which differ between two worlds: not here."""
    monkeypatch.setattr(
        release,
        "seed_of",
        lambda *, round, team_id, sequence, transcript: f"{606 * transcript + sequence:064x}",
    )


def test_every_mechanism_is_tried() -> None:
    assert set(MECHANISMS) == set(REGISTERED)


@pytest.mark.usefixtures("_equal_secrets")
@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_answers_are_the_same_in_any_company(mechanism: str) -> None:
    expected = alone(mechanism)
    assert len(expected) == N_FILES
    n_answers = len({(str(each["released"]), each["outcome"]) for each in expected})
    assert n_answers > (0 if mechanism == "blind" else 1)

    n_others = 0
    for seed in range(6):
        rng = np.random.default_rng([606, seed])
        world, team = opened(f"crowd-{mechanism}-{seed}", mechanism)
        crowd = Crowd(world, rng)
        received: list[Submission] = []
        for answers_of_file in files_of_the_team(world):
            for _ in range(rng.integers(14)):
                crowd.act()
            received.append(world.submit(team, answers_of_file).submission)
            # Scored at once, or later with the next ones.
            if rng.random() < 0.5:
                world.score(received[rng.integers(len(received))])
        for each in received:
            world.score(each)

        assert answers(team) == expected
        n_others += Release.objects.filter(submission__round=world.round).count() - N_FILES
    assert n_others > 20  # there was a crowd


@pytest.mark.usefixtures("_equal_secrets")
@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_answers_on_corrected_labels_are_the_same_in_any_company(mechanism: str) -> None:
    """Superseded ones and those that count, whatever waits meanwhile and whose file is gone."""
    expected = alone(mechanism, corrected_after=3)
    assert [len(each["superseded"]) for each in expected] == [1, 1, 1, 0, 0, 0]

    for seed in range(2):
        rng = np.random.default_rng([607, seed])
        world, team = opened(f"corrected-{mechanism}-{seed}", mechanism)
        crowd = Crowd(world, rng)
        for number, answers_of_file in enumerate(files_of_the_team(world)):
            for _ in range(rng.integers(10)):
                crowd.act()
            if number == 3:
                correct(world)
            world.answered(team, answers_of_file)

        assert answers(team) == expected


@pytest.mark.parametrize("order", ["attackers-first", "attackers-last"])
def test_attackers_first_or_last_change_nothing(order: str) -> None:
    """Byte for byte, with the attacker handing in the observed team's own files as well."""
    expected = alone("guarded_ladder")
    world, team = opened(order, "guarded_ladder")
    attacker = world.team("attacker")

    def attack() -> None:
        for answers_of_file in reversed(files_of_the_team(world)):
            world.answered(attacker, answers_of_file)

    if order == "attackers-first":
        attack()
    for answers_of_file in files_of_the_team(world):
        world.answered(team, answers_of_file)
    if order == "attackers-last":
        attack()

    assert answers(team) == expected


def test_a_rival_at_its_worst_stops_nobody() -> None:
    """Its file is gone and waits, and its budget is spent; the next team is scored all the same."""
    world = make_world("worst", total_limit=2)
    world.open()
    rival, team = world.team("rival"), world.team("team")
    spoiled = world.submit(rival, world.labels).submission
    (Path(settings.MEDIA_ROOT) / spoiled.file_key).unlink()
    world.score(spoiled)

    scored = world.answered(team, world.wrong_at([0]))

    assert (spoiled.status, scored.status) == ("QUEUED", "SCORED")
