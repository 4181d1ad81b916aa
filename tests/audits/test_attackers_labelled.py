"""Attackers of the lab play whole rounds in the database; their labels, and those of honest teams.

The worlds are fixed by their seeds. Sizes are small, and answers exact: what a round with fewer digits hides
is no business of this test.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audits import rounds
from audits.checks import growth, mechanism_labels
from audits.models import Finding, Publication
from lab.attacks.arena import Codes, Task
from lab.attacks.climbs import hill_climb
from lab.attacks.log_loss import read_labels
from lab.attacks.votes import linear_vote
from lab.leagues import players
from lab.leagues.pool import make_pool
from stats.mechanisms import Answer, Outcome
from stats.metrics import PROBABILITY_CLIP
from tests.audits import stage
from tests.audits.reported import text_of
from tests.vault.factories import World, make_world
from vault.models import Team

pytestmark = pytest.mark.usefixtures("vault_keys")

N, M = 600, 1_200
HONEST = (players.improving, players.weak_first, players.seeds, players.two_families)


@dataclass(kw_only=True)
class Seat:
    """A team's account in the vault, as the lab's attacks ask theirs; they are let go on from the best."""

    world: World
    team: Team
    best: float = -np.inf

    def account(self) -> "Seat":
        return self

    def ask(self, predictions: Codes) -> Answer:
        value = stage.released(self.world.answered(self.team, predictions))
        accepted, self.best = value > self.best, max(value, self.best)
        return Answer(value=value, outcome=Outcome.SCORED, accepted=accepted)


@dataclass(kw_only=True)
class Arena(Seat):
    task: Task

    def account(self) -> Seat:
        return Seat(world=self.world, team=self.team)


def arena(world: World, name: str, rng: np.random.Generator) -> Any:
    """A model of .75 on the whole panel, that is unsure of a third of the items."""
    answers = stage.noisy(world, rng, accuracy=0.875)
    contested = rng.permutation(N + M)[: (N + M) // 3]
    answers[contested] = rng.integers(2, size=len(contested))
    accuracy = np.full(N + M, 0.875)
    accuracy[contested] = 0.5
    task = Task(labels=world.labels, baseline=answers, contested=contested, accuracy=accuracy)
    return Arena(world=world, team=world.team(name), task=task)


def play_in_good_faith(world: World, positions: NDArray[np.int64], number: int) -> None:
    """A team of the leagues, its rows moved to where the panel has the query and the other items."""
    rng = np.random.default_rng(100 + number)
    pool = make_pool(n=N, m=M, rng=rng)
    menu = HONEST[number % len(HONEST)](pool, 20, rng)
    right = np.empty((N + M, 20), dtype=np.bool_)
    others = np.setdiff1d(np.arange(N + M), positions)
    right[np.concatenate([positions, others])] = menu.right
    team = world.team(f"honest-{number}")
    for column in right.T:
        world.answered(team, np.where(column, world.labels, 1 - world.labels).astype(np.uint8))


def labels_of(world: World, check: str) -> dict[str, dict[str, Any]]:
    run = rounds.latest_run(round=world.round)
    start = f"{world.benchmark.slug}-"
    found = Finding.objects.filter(run=run, check_name=check).select_related("team")
    return {each.team.name.removeprefix(start): each.evidence for each in found if each.team}


def test_attackers_have_their_labels_and_twenty_honest_teams_none() -> None:
    """Seeds 31 to 33 and 100 to 119: a climb of 100 files, a vote of 60 random ones, and 20 honest teams.

    Honest here means that no answer is used for the next file; with error .01 for the round somebody of
    them would have a growing gap by chance.
    """
    world = make_world("labelled", n_query=N, n_fresh=M, seed=31, closes_at=stage.FAR_AHEAD)
    rng = np.random.default_rng(32)
    baseline = stage.noisy(world, rng, accuracy=0.7)
    world.answered(world.team("reference", is_reference=True), baseline)
    world.open()
    positions = stage.query_positions(world)
    for number in range(20):
        play_in_good_faith(world, positions, number)
    climber, voter = (arena(world, name, rng) for name in ("climber", "voter"))
    hill_climb(climber, 100, np.random.default_rng(33), h=12)
    composed = linear_vote(voter, 60, np.random.default_rng(33))
    world.answered(voter.team, composed)

    stage.audited(stage.closing(world))

    grown, labels = labels_of(world, growth.NAME), labels_of(world, mechanism_labels.NAME)
    assert len(grown) == len(labels) == 22
    assert {name for name, each in grown.items() if each["found"]} == {"climber", "voter"}
    assert {name: [*each["labels"]] for name, each in labels.items() if each["labels"]} == {
        "climber": ["probe"],
        "voter": ["vote"],
    }
    assert grown["climber"]["slope"]["p_adjusted"] < growth.LEVEL
    assert grown["voter"]["slope"]["p_adjusted"] > growth.LEVEL
    assert labels["voter"]["labels"]["vote"]["vote_match"] == 1.0
    html = rounds.latest_run(round=world.round).report.html
    assert html.count("<p>Consistent with a climb by small steps") == 1
    assert html.count("<p>Consistent with files that were put together at one point") == 1
    assert html.count("<summary>Consistent with a final composed from the answers") == 1
    assert html.count("<summary>Consistent with answers that were changed at random places") == 1
    assert "22 teams with 20 files or more" in text_of(html)
    assert html.count("<summary>What the choice among its files adds by chance") == 22
    assert not re.search(r"cheat|fraud|proof|attack(?!er)", text_of(html), re.IGNORECASE)
    stage.published(world)
    document = str(Publication.objects.get(round=world.round).document)
    assert not re.search(
        "growth|mechanism_labels|consistent with|composed", document, re.IGNORECASE
    )


def test_a_log_loss_that_was_read_has_its_label_and_honest_probabilities_none() -> None:
    """Seeds 41 and 42. Three batches of labels, beside two honest teams; nobody needs twenty files."""
    world = make_world(
        "log-loss", n_query=300, n_fresh=600, seed=41, metric="log_loss", closes_at=stage.FAR_AHEAD
    )
    rng, n = np.random.default_rng(42), len(world.labels)
    world.answered(world.team("reference", is_reference=True), np.full(n, 0.5))
    world.open()
    for number in range(2):
        team = world.team(f"honest-{number}")
        for _ in range(3):
            world.answered(team, np.clip(0.3 + 0.4 * world.labels + rng.normal(0, 0.2, n), 0, 1))
    reader = world.team("reader")
    # Labels of items outside the query holdout stay unread.
    read_labels(
        score=lambda probabilities: stage.released(world.answered(reader, probabilities)),
        n=n,
        unit=1e-5,
        clip=PROBABILITY_CLIP,
        queries=3,
    )

    stage.audited(stage.closing(world))

    labels = labels_of(world, mechanism_labels.NAME)
    assert labels == {
        "honest-0": {"labels": {}},
        "honest-1": {"labels": {}},
        "reader": {"labels": {"log_loss_probe": {"k": 3, "n_files": 3, "first": 1}}},
    }
    assert labels_of(world, growth.NAME) == {}
    said = text_of(rounds.latest_run(round=world.round).report.html)
    assert (
        "What was seen: 3 of its 3 files (the first is file 1) give one probability to at least"
        in said
    )
