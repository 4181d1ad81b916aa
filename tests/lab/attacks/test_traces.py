"""How often fingerprints and gap growth speak of honest teams, and how often of attackers.

Teams and attackers are those of the league study, on items of one draw. The figures in docs/statistics.md
come from the same functions, with more repeats where it says so.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from scipy.special import expit

from lab.attacks import climbs, votes
from lab.attacks.arena import Account, Arena, Codes, Floats, make_task
from lab.attacks.catalogue import Play
from lab.leagues import players
from lab.leagues.players import Player
from lab.leagues.pool import Right, make_pool
from stats.fingerprints.cross_team import account_groups
from stats.fingerprints.flip_uniformity import flip_uniformity
from stats.fingerprints.log_loss_probe import log_loss_probe
from stats.fingerprints.near_duplicates import near_duplicates
from stats.fingerprints.rank_ratio import rank_ratio
from stats.fingerprints.vote_match import vote_match
from stats.growth import accepted_rate, cusum_growth, gap_slope, isotonic_growth
from stats.mechanisms import MECHANISMS, Answer
from stats.menu import menu

pytestmark = pytest.mark.calibration

N, M = 2000, 4000


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Of one sequence; rank ratio and vote match as flags."""

    rank_flag: bool
    match_flag: bool
    near_share: float
    flip_index: float


def traces(files: Codes, heard: Floats, final: Codes) -> Traces:
    return Traces(
        rank_flag=rank_ratio(predictions=files).flagged,
        match_flag=vote_match(predictions=files, released=heard, final=final).flagged,
        near_share=near_duplicates(predictions=files).value / len(files),
        flip_index=flip_uniformity(predictions=files).value,
    )


def honest(player: Player, k: int, rng: np.random.Generator) -> Traces:
    """A team's sequence under exact answers; of two classes, right and wrong are as good as the codes."""
    played = player(make_pool(n=N, m=2, rng=rng), k, rng)
    files = played.right[:N].T.astype(np.uint8)
    others = np.arange(k) != played.final
    return traces(files[others], files[others].mean(axis=1), files[played.final])


@dataclass(kw_only=True)
class Recorded(Account):
    """An account that keeps what it asked and heard."""

    files: list[Codes] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def ask(self, predictions: Codes, *, reported: float | None = None) -> Answer:
        answer = super().ask(predictions, reported=reported)
        assert answer.value is not None
        self.files.append(predictions.copy())
        self.heard.append(answer.value)
        return answer


@dataclass(frozen=True, kw_only=True)
class Recording(Arena):
    """An arena whose one account is recorded."""

    opened: list[Recorded] = field(default_factory=list)

    def account(self) -> Account:
        self.opened.append(
            Recorded(
                task=self.task, mechanism=self.mechanism, parameters=self.parameters, rng=self.rng
            )
        )
        return self.opened[-1]


def attacking(play: Play, k: int, rng: np.random.Generator) -> Traces:
    task = make_task(n=N, rng=rng, base=0.75, contested=0.2)
    arena = Recording(task=task, mechanism=MECHANISMS["exact"], parameters={}, rng=rng)
    final = play(arena, k, rng)
    (account,) = arena.opened
    return traces(np.array(account.files), np.array(account.heard), final)


HONEST = {
    "improving": players.improving,
    "weak_first": players.weak_first,
    "seeds": players.seeds,
    "two_families": players.two_families,
    "ensembler": players.ensembler,
    "keeper": players.keeper,
}


@pytest.mark.parametrize("k", [25, 100])
@pytest.mark.parametrize("name", HONEST)
def test_honest_teams_never_get_the_vote_label(name: str, k: int) -> None:
    """20 teams of each kind, seed 61: none has both flags, nor a fifth of its files near-duplicates.

    No such team was seen in 40 of each kind, so the chance of one here is not known to be small: the seed
    is fixed, and the figure is a measurement.
    """
    rng = np.random.default_rng(61)
    seen = [honest(HONEST[name], k, rng) for _ in range(20)]

    assert not any(each.rank_flag and each.match_flag for each in seen)
    assert max(each.near_share for each in seen) < 0.2


def test_why_two_traces_only_inform() -> None:
    """Seed 62, 20 teams: seeds have a full rank ratio at k = 25, keepers of improvements uniform flips."""
    rng = np.random.default_rng(62)
    of_seeds = [honest(players.seeds, 25, rng) for _ in range(20)]
    of_keepers = [honest(players.keeper, 25, rng) for _ in range(20)]

    assert np.mean([each.rank_flag for each in of_seeds]) > 0.9
    assert np.mean([each.flip_index <= 1.1 for each in of_keepers]) > 0.9


@pytest.mark.parametrize("k", [25, 100])
def test_the_linear_vote_gets_its_label(k: int) -> None:
    """10 attacks, seed 63: all have rank ratio and vote match; sign-flip and wacky votes the former alone."""
    rng = np.random.default_rng(63)
    linear = [attacking(votes.linear_vote, k, rng) for _ in range(10)]
    others = [
        attacking(play, k, rng)
        for play in (votes.sign_flip_vote, votes.wacky_boosting)
        for _ in range(5)
    ]

    assert all(each.rank_flag and each.match_flag for each in linear)
    assert all(each.rank_flag and not each.match_flag for each in others)


def test_probes_are_nearly_all_near_duplicates() -> None:
    """5 attacks each, k = 100, seed 64; nine flips a query are no near-duplicates."""
    rng = np.random.default_rng(64)
    for play in (climbs.probe, partial(climbs.hill_climb, h=1)):
        assert min(attacking(play, 100, rng).near_share for _ in range(5)) > 0.9
    assert attacking(partial(climbs.hill_climb, h=9), 100, rng).near_share < 0.1


def test_log_loss_batches_of_three_and_more_are_seen() -> None:
    """The oracle's construction at n = 4,000, five digits: batches of 3 to 10 are, 2 are not."""
    for size in range(2, 11):
        probabilities = np.full(4000, 0.5)
        probabilities[:size] = expit(-4000 * 1e-5 * 2.0 ** np.arange(size))
        assert log_loss_probe(probabilities=probabilities).flagged == (size >= 3)


def finals(kind: str, rng: np.random.Generator) -> Codes:
    """Finals of a league of 40 teams; `notebook`: all start from one shared model."""
    pool = make_pool(n=N, m=2, rng=rng)
    player = {
        "improving": players.improving,
        "seeds": players.seeds,
        "notebook": players.notebook(pool.lineage(own=players.OWN, rng=rng)),
    }[kind]
    played = [player(pool, 10, rng) for _ in range(40)]
    return np.array([each.right[:N, each.final] for each in played], dtype=np.uint8)


@pytest.mark.parametrize("kind", ["improving", "seeds", "notebook"])
def test_account_groups_join_copies_and_no_honest_teams(kind: str) -> None:
    """10 leagues, seed 75, and 5, 35 or 80 copies of one final with .5 % of the answers edited.

    A measurement with a fixed seed: 0 of 50 leagues of each kind had a link, and all copies were joined.
    """
    rng, labels = np.random.default_rng(75), np.ones(N, dtype=int)
    for _ in range(10):
        league = finals(kind, rng)
        assert not account_groups(predictions=league, labels=labels, n_classes=2).flagged
    for count in (5, 35, 80):
        copies = np.repeat(league[:1], count, axis=0)
        for copy in copies:
            copy[rng.choice(N, 10, replace=False)] ^= 1
        found = account_groups(predictions=np.vstack([league, copies]), labels=labels, n_classes=2)
        assert (found.groups[40:] == found.groups[0]).all()
        assert len(set(found.groups.tolist())) == 40


def rejections(right: list[Right], seed: int) -> Floats:
    """Share of the sequences for which slope, isotonic range and CUSUM reject at .05."""
    rng = np.random.default_rng(seed)
    p_values = []
    for each in right:
        stacked = menu(
            query_scores=each[:N],
            fresh_scores=each[N:],
            query_references=each[:N, :1],
            fresh_references=each[N:, :1],
        )
        p_values.append(
            [
                gap_slope(menu=stacked).p_value,
                isotonic_growth(menu=stacked, rng=rng, n_draws=400).p_value,
                cusum_growth(menu=stacked, rng=rng, n_draws=400).p_value,
            ]
        )
    shares: Floats = np.mean(np.array(p_values) <= 0.05, axis=0)
    return shares


def sequences(player: Player, *, k: int, repeats: int, seed: int) -> list[Right]:
    rng = np.random.default_rng(seed)
    return [player(make_pool(n=N, m=M, rng=rng), k, rng).right for _ in range(repeats)]


@pytest.mark.parametrize("name", ["improving", "weak_first", "seeds", "two_families"])
def test_growth_keeps_its_level_for_teams_that_use_no_answer(name: str) -> None:
    """At .05, k = 20, 300 teams, seed 65: more than 30 rejections of three tests have probability 1e-3."""
    found = rejections(sequences(HONEST[name], k=20, repeats=300, seed=65), 66)

    assert (found <= 0.1).all()


def test_growth_rejects_for_honest_teams_that_climb_on_answers() -> None:
    """40 keepers, k = 100, seed 67: their gap does grow. Slope .52, isotonic .57, CUSUM .09 in 400."""
    slope, isotonic, cusum = rejections(sequences(players.keeper, k=100, repeats=40, seed=67), 68)

    assert slope > 0.2
    assert isotonic > 0.2
    assert cusum < 0.3


def climb(k: int, rng: np.random.Generator, *, h: int = 9) -> Right:
    """A hill climb on 20 % contested items, made on query items; fresh items change at the same rate."""
    right = rng.random(N + M) < np.where(np.arange(N + M) % 5 == 0, 0.5, 0.8125)
    query, fresh = np.arange(0, N, 5), np.arange(N, N + M, 5)
    columns = [right]
    for _ in range(k - 1):
        trial = right.copy()
        trial[rng.choice(query, h, replace=False)] ^= True
        trial[rng.choice(fresh, h * M // N, replace=False)] ^= True
        columns.append(trial)
        if trial[:N].mean() > right[:N].mean():
            right = trial
    return np.column_stack(columns)


def vote(k: int, rng: np.random.Generator) -> Right:
    """Random votes on 20 % contested items, and at last their linear composition."""
    pick = np.arange(N + M) % 5 == 0
    cast, truth = rng.random((k - 1, N + M)) < 0.5, rng.random(N + M) < 0.5
    base = rng.random(N + M) < 0.8125
    right = np.where(pick, cast == truth, base)
    scores = right[:, :N].mean(axis=1)
    composed = ((scores - scores.mean()) @ (2.0 * cast - 1) > 0) == truth
    return np.column_stack([*right, np.where(pick, composed, base)])


def test_power_of_growth() -> None:
    """40 attacks, k = 100, seed 69. Reference figures by slope: hill climb .99-1.0, linear vote .13-.21.

    Measured: climb 1.0/1.0/.10, vote .12/1.0/.98. A slope above .4 for the vote has probability 1e-4.
    """
    rng = np.random.default_rng(69)
    climbing = rejections([climb(100, rng) for _ in range(40)], 70)
    voting = rejections([vote(100, rng) for _ in range(40)], 71)

    assert climbing[0] >= 0.9
    assert climbing[1] >= 0.9
    assert climbing[2] < 0.4
    assert voting[0] < 0.4
    assert voting[1] >= 0.9
    assert voting[2] >= 0.8


def accepted(right: Right) -> int:
    """How often a parameter-free Ladder at two standard errors accepts after the first file."""
    mechanism = MECHANISMS["parameter_free_ladder"]
    account = Account(
        task=replace(
            make_task(n=N, rng=np.random.default_rng(1)),
            labels=np.ones(N, dtype=np.uint8),
            baseline=right[:N, 0].astype(np.uint8),
        ),
        mechanism=mechanism,
        parameters=mechanism.parameters(z=2.0),
        rng=np.random.default_rng(1),
    )
    account.ask(right[:N, 0].astype(np.uint8))
    return sum(account.ask(column.astype(np.uint8)).accepted for column in right[:N, 1:].T)


def test_the_accepted_rate_hardly_ever_speaks() -> None:
    """k = 100, 40 teams each, seeds 72 to 74, at .05: 0 of seed shoppers, 0 of improvers, .025 of climbers.

    An accepted file was lucky, and the next must beat it by two standard errors more: far fewer than
    2.3 % pass. So there is no false alarm (5 of 40 at a rate of .01 have probability 1e-4), and no power.
    """
    climbs_made = [climb(100, np.random.default_rng([74, each])) for each in range(40)]
    teams = {
        "seeds": sequences(players.seeds, k=100, repeats=40, seed=72),
        "improving": sequences(players.improving, k=100, repeats=40, seed=73),
        "climb": climbs_made,
    }
    shares = {
        name: np.mean([accepted_rate(accepted=accepted(each), k=99).p_value <= 0.05 for each in of])
        for name, of in teams.items()
    }

    assert shares["seeds"] < 0.125
    assert shares["improving"] < 0.125
    assert shares["climb"] < 0.5
