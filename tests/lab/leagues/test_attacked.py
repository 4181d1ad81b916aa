"""Attackers among honest teams: each plays what it says, and is found where it is large."""

from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from lab.leagues import attacked
from lab.leagues.attacked import ATTACKS, CELLS, CLEAN, Attacked, Size
from lab.leagues.league import Judged
from stats.verdict import ShiftGate, Verdict

SMALL = Size(k=40, n=200, m=400)
# The mean over fresh items of what is known of nothing, and of the attacker's own model.
HONEST_SCORES = {
    "linear vote on all items": 0.5,
    "vote among three classes": 1 / 3,
    "prior-aware vote from .6": 0.6,
}


@pytest.mark.parametrize(("attack", "disguise"), CELLS)
def test_every_line_can_be_played(attack: str, disguise: str) -> None:
    rng = np.random.default_rng(11)

    counted = attacked.count(attack=attack, disguise=disguise, n_leagues=1, rng=rng, size=SMALL)

    assert (counted.attack, counted.disguise, counted.leagues) == (attack, disguise, 1)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_composed_file_gains_on_query_items_alone(attack: str) -> None:
    """Seed 12: n=3,000 query and 30,000 fresh items, the mean of 3 plays.

    A score on fresh items has a standard error of at most .0017 over the three, and is an honest one's within
    five of them (error below 1e-6); the gain on query items is at least .02, as published for k/n = .1.
    """
    rng = np.random.default_rng(12)
    size = Size(k=300, n=3_000, m=30_000)
    query, fresh = [], []
    for _ in range(3):
        task, right = ATTACKS[attack](size, rng)
        query.append(right[: task.n, -1].mean())
        fresh.append(right[task.n :, -1].mean())

    if attack != "prior-aware vote from .6":
        # It turns answers that are more often right than wrong, which costs something elsewhere.
        assert np.mean(fresh) == pytest.approx(HONEST_SCORES.get(attack, 0.75), abs=0.0085)
    assert np.mean(query) - np.mean(fresh) > 0.02


def test_a_clean_account_has_handed_in_nothing_else() -> None:
    league = attacked._league("linear vote on all items", CLEAN, SMALL, np.random.default_rng(13))

    *honest, asked, clean = league.contestants
    assert len(league.contestants) == attacked.N_TEAMS
    assert (asked.files.k, clean.files.k) == (SMALL.k + 1, 1)
    assert all(5 <= each.files.k <= 30 for each in honest)


def test_an_honest_team_is_counted_apart_from_the_attacker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign of who is accused: a verdict on the last contestant is the attacker's."""
    confirmed = Verdict.CONFIRMED
    nobody = Verdict.WITHIN_LUCK

    def counted(*places: int, disguise: str = "as it is") -> tuple[int, int]:
        verdicts = [confirmed if place in places else nobody for place in range(20)]
        judged = Judged(gate=ShiftGate.QUIET, verdicts=verdicts)
        monkeypatch.setattr(attacked, "judge", lambda **given: judged)
        found = attacked.count(
            attack="linear vote on all items",
            disguise=disguise,
            n_leagues=2,
            rng=np.random.default_rng(14),
            size=SMALL,
        )
        return found.confirmed, found.wrongly

    assert counted(19) == (2, 0)
    assert counted(0) == (0, 2)
    assert counted(18) == (0, 2)
    # Of an attacker with two accounts neither is an honest team.
    assert counted(18, disguise=CLEAN) == (0, 0)


def test_chunks_are_added_up_and_written() -> None:
    part = Attacked(attack="a", disguise="b", leagues=10, confirmed=9, wrongly=1, gate=0)

    page = attacked.page(
        seed=3, counted=[attacked.joined([part, part])], gained={"a": (0.05, 0.0012)}
    )

    assert "| a | b | 20 | 0.90 [0.68, 0.99] | 2 | 0 |\n" in page
    assert page.endswith("| a | 0.0500 ± 0.0012 |\n")
    assert "--seed 3 --leagues 20 " in page


def test_gains_are_those_of_the_composed_files() -> None:
    """At n=200 and k=40 a vote on all items gains .172 by theory; seed 16, within five errors of .004."""
    gained = attacked.gains(seed=16, size=SMALL)

    assert list(gained) == list(ATTACKS)
    assert gained["linear vote on all items"][0] == pytest.approx(0.172, abs=0.02)


def test_a_chunk_repeats_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacked, "CHUNK", 1)
    monkeypatch.setattr(attacked.count, "__kwdefaults__", {"size": SMALL})

    first, again = (attacked.chunk(seed=5, cell=0, number=2) for _ in range(2))

    assert first == again


@pytest.mark.parametrize("options", [{"seed": -1}, {"leagues": 0}, {"jobs": 0}])
def test_impossible_options_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(CommandError, match=next(iter(options))):
        call_command("play_attackers", stdout=StringIO(), **options)


@pytest.mark.calibration
def test_a_vote_is_found_among_honest_teams() -> None:
    """Ten leagues, seed 15: if it is found in 99 of 100, fewer than 8 of 10 have p < 1.2e-4."""
    found = attacked.count(
        attack="linear vote on the contested fifth",
        disguise="as it is",
        n_leagues=10,
        rng=np.random.default_rng(15),
    )

    assert found.confirmed >= 8
    assert found.wrongly == 0
