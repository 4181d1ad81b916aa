"""From an evaluated submission to a release: what is told, how often, and to whom.

Invariant 6 in any company is tested in `tests/invariants`; here with claims that are lost midway.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction

from stats.mechanisms import MECHANISMS, Query
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import release, scoring
from vault.errors import IncumbentMovedError, StaleClaimError
from vault.models import (
    BudgetEntry,
    JournalEntry,
    MechanismState,
    RawScore,
    Release,
    ReleaseInput,
    Round,
    Submission,
    Team,
)
from vault.queue import leases
from vault.sealing import holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]

PARAMETERS: dict[str, dict[str, Any]] = {
    "exact": {},
    "rounded": {"digits": 2},
    "ladder": {"c": 0.5},
    "parameter_free_ladder": {},
    "guarded_ladder": {"z": 2.0, "c": 1.0, "b": 3},
    "thresholdout": {"t": 0.01, "c": 0.5, "answers": 4},
    "gaussian": {"c": 0.5},
    "one_bit": {"b": 3},
    "blind": {},
}
N_QUERY = 100
WRONG = (160, 90, 95, 40, 91, 10, 3, 0)


def opened(slug: str, mechanism: str) -> World:
    world = make_world(
        slug, n_query=N_QUERY, mechanism=mechanism, parameters=PARAMETERS[mechanism], seed=6
    )
    world.open(baseline=world.wrong_at(range(150)))
    return world


def play(world: World, team: Team) -> list[Submission]:
    return [world.answered(team, world.wrong_at(range(count))) for count in WRONG]


def told(team: Team) -> list[tuple[str, str]]:
    rows = Release.objects.filter(submission__team=team).order_by("submission__sequence")
    return [(repr(row.value), row.outcome) for row in rows]


def fresh(submission: Submission) -> Submission:
    return Submission.objects.select_related(
        "team", "round__benchmark", "round__query_holdout", "round__secret"
    ).get(pk=submission.pk)


def evaluated(*, value: float, incumbent: Submission | None = None) -> release.Evaluated:
    return release.Evaluated(
        scorer_version="1",
        label_version=1,
        scores=[release.Score(metric="accuracy", value=value, low=0.0, high=1.0)],
        incumbent_id=None if incumbent is None else incumbent.pk,
        paired_se=0.0,
        opening=1,
    )


def claimed(submission: Submission) -> leases.Claim:
    claim = leases.claim(round_id=submission.round_id, team_id=submission.team_id)
    assert claim is not None
    assert claim.submission_id == submission.pk
    return claim


def counts(submission: Submission) -> dict[str, int]:
    return {
        "raw": RawScore.objects.filter(submission=submission).count(),
        "input": ReleaseInput.objects.filter(submission=submission).count(),
        "release": Release.objects.filter(submission=submission).count(),
        "commit": BudgetEntry.objects.filter(submission=submission, kind="COMMIT").count(),
        "journal": JournalEntry.objects.filter(
            kind="release", payload__contains=str(submission.pk)
        ).count(),
    }


@pytest.mark.parametrize("mechanism", sorted(PARAMETERS))
def test_releases_are_what_the_pure_mechanism_answers(mechanism: str) -> None:
    """The score from the organizer's own labels, the standard error by hand, one state carried on.

    Noise is the seed's alone, and the seed a function of the round's secret, the team and the sequence.
    """
    world = opened("pure", mechanism)
    team = world.team("a")
    submissions = play(world, team)
    in_query = query_positions(world)
    right = {count: np.arange(300)[in_query] >= count for count in (*WRONG, 150)}

    pure = MECHANISMS[mechanism]
    parameters = pure.parameters(**PARAMETERS[mechanism])
    baseline = right[150].mean() if pure.needs_baseline else None
    state = pure.initial_state(baseline=baseline, n=N_QUERY, unit=1.0, parameters=parameters)
    incumbent, expected = 150, []
    for sequence, count in enumerate(WRONG, start=1):
        difference = right[count].astype(float) - right[incumbent]
        se = math.sqrt(difference.var(ddof=1) / N_QUERY)
        query = Query(
            score=float(right[count].mean()),
            paired_se=se,
            n=N_QUERY,
            reported=world.validation_score(world.wrong_at(range(count))),
        )
        seed = release.seed_of(round=world.round, team_id=team.pk, sequence=sequence)
        rng = np.random.default_rng(int(seed, 16))
        state, answer = pure.respond(state=state, query=query, parameters=parameters, rng=rng)
        incumbent = count if answer.accepted else incumbent
        expected.append((repr(answer.value), answer.outcome.value))

    assert told(team) == expected
    assert len(set(expected)) > (0 if mechanism == "blind" else 2)
    assert [each.status for each in submissions] == ["SCORED"] * len(WRONG)


def query_positions(world: World) -> np.ndarray:
    """As a mask of the panel."""
    opened_labels = holdouts.open_labels(
        holdout=world.query, purpose="scoring", reason={"test": True}, actor="test", now=NOW
    )
    mask = np.zeros(300, dtype=bool)
    mask[opened_labels.positions] = True
    return mask


def test_every_mechanism_is_tried() -> None:
    assert set(PARAMETERS) == set(MECHANISMS)


@pytest.mark.parametrize(
    "mechanism", ["rounded", "ladder", "parameter_free_ladder", "guarded_ladder"]
)
def test_every_value_lies_on_the_grid_and_never_above_its_score(mechanism: str) -> None:
    world = opened("grid", mechanism)
    play(world, world.team("a"))
    parameters = MECHANISMS[mechanism].parameters(**PARAMETERS[mechanism])
    grid = MECHANISMS[mechanism].resolution(n=N_QUERY, unit=1.0, parameters=parameters)

    shown = Release.objects.filter(outcome__in=["scored", "improved"]).select_related("submission")
    assert shown.count() > 2
    for row in shown:
        assert row.value is not None
        assert row.value / grid == pytest.approx(round(row.value / grid), abs=1e-9)
        assert row.value <= RawScore.objects.get(submission=row.submission).value + 1e-9


def test_there_is_one_state_for_each_team_of_a_round(vault_keys: None) -> None:
    world = opened("states", "guarded_ladder")
    teams = [world.team("a"), world.team("b")]
    for _ in range(2):
        for team in teams:
            play(world, team)  # the second time every file is known already

    states = MechanismState.objects.filter(round=world.round).order_by("team")
    assert sorted(states.values_list("team", flat=True)) == [team.pk for team in teams]
    assert told(teams[0]) == told(teams[1])
    assert states[0].state == states[1].state
    assert states[0].incumbent_id != states[1].incumbent_id


def test_a_release_tells_nothing_of_the_vector_of_its_incumbent(vault_keys: None) -> None:
    world = opened("vector", "guarded_ladder")
    play(world, world.team("a"))

    assert set(MechanismState.objects.get().state) == {"incumbent", "level", "accepted", "step"}


@pytest.mark.parametrize(
    "table",
    [
        "vault_rawscore",
        "vault_releaseinput",
        "vault_mechanismstate",
        "vault_roundsecret",
        "vault_journalentry",
        "vault_sealedblob",
        "vault_wrappedkey",
    ],
)
def test_of_a_score_the_web_reads_the_release_alone(table: str) -> None:
    """Invariant 5: raw scores, inputs, states and seeds are out of the web's reach, even their number."""
    world = opened("web", "guarded_ladder")
    world.answered(world.team("a"), world.labels)
    with acting_as("web"):
        assert Release.objects.count() == 2
        with (
            pytest.raises(ProgrammingError, match=f"permission denied for table {table}"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608


@pytest.mark.parametrize("role", ["web", "researcher", "audit"])
def test_only_the_scoring_worker_may_write_a_release(role: str) -> None:
    """Invariant 5: what a team reads as its score was released by `publish`."""
    world = opened("write", "exact")
    submission = world.submit(world.team("a"), world.labels).submission
    with acting_as(role), pytest.raises(ProgrammingError, match="permission denied"):
        Release.objects.create(submission=submission, value=1.0, outcome="scored", released_at=NOW)


def test_a_stale_fence_changes_nothing(vault_keys: None) -> None:
    """Invariant 3: neither rows nor the team's state, and the holder's release stands."""
    world = opened("stale", "guarded_ladder")
    submission = world.submit(world.team("a"), world.labels).submission
    stale = claimed(submission)
    Submission.objects.filter(pk=submission.pk).update(leased_until="2000-01-01T00:00Z")
    held = claimed(submission)
    baseline = release.incumbent_of(submission=fresh(submission), transcript=1)

    for fence in (stale.fence, held.fence + 1, 0):
        with pytest.raises(StaleClaimError):
            release.publish(
                submission=fresh(submission),
                fence=fence,
                evaluated=evaluated(value=0.1, incumbent=baseline),
                now=NOW,
            )
    assert set(counts(submission).values()) == {0}
    assert not MechanismState.objects.exists()

    release.publish(
        submission=fresh(submission),
        fence=held.fence,
        evaluated=evaluated(value=1.0, incumbent=baseline),
        now=NOW,
    )
    assert set(counts(submission).values()) == {1}
    assert told(world.teams["a"]) == [("1.0", "improved")]


def test_a_release_against_an_old_incumbent_is_refused(vault_keys: None) -> None:
    world = opened("moved", "guarded_ladder")
    team = world.team("a")
    before = release.incumbent_of(
        submission=fresh(world.submit(team, world.labels).submission), transcript=1
    )
    world.score(Submission.objects.get(team=team))
    second = world.submit(team, world.wrong_at([0])).submission
    claim = claimed(second)

    with pytest.raises(IncumbentMovedError):
        release.publish(
            submission=fresh(second),
            fence=claim.fence,
            evaluated=evaluated(value=0.99, incumbent=before),
            now=NOW,
        )
    assert set(counts(second).values()) == {0}
    second.refresh_from_db()
    assert second.status == "SCORING"


@pytest.mark.parametrize("place", ["_record", "_journal"])
def test_a_worker_thatdies_before_the_commit_has_told_nothing(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Invariants 3 and 6: the state did not move either, so the second attempt gives the same."""
    alone = opened("alone", "guarded_ladder")
    play(alone, alone.team("a"))
    world = opened("dies", "guarded_ladder")
    team = world.team("a")
    for count in WRONG:
        submission = world.submit(team, world.wrong_at(range(count))).submission
        with monkeypatch.context() as patched:
            patched.setattr(release, place, die)
            with pytest.raises(KeyboardInterrupt):
                world.score(submission)
        assert set(counts(submission).values()) == {0}
        Submission.objects.filter(pk=submission.pk).update(leased_until="2000-01-01T00:00Z")
        world.score(submission)
        world.score(submission)  # the message came twice
        assert set(counts(submission).values()) == {1}

    assert told(team) == told(alone.teams["a"])


@pytest.mark.parametrize("seed", range(3))
def test_workers_at_once_give_the_answers_of_one(seed: int) -> None:
    """Invariant 6: four workers, every message four times and in random order, and a rival's between."""
    alone = opened(f"one-{seed}", "guarded_ladder")
    play(alone, alone.team("a"))
    world = opened(f"four-{seed}", "guarded_ladder")
    rng = np.random.default_rng([6, seed])
    team, rival = world.team("a"), world.team("rival")
    received = []
    for count in WRONG:
        received.append(world.submit(team, world.wrong_at(range(count))).submission.pk)
        noise = rng.integers(2, size=300).astype(np.uint8)
        received.append(world.submit(rival, noise).submission.pk)
    messages = rng.permutation(np.repeat(np.arange(len(received)), 4))

    def work(message: int) -> None:
        try:
            scoring.score_team(submission_id=received[message], clock=lambda: NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, messages.tolist()))

    assert told(team) == told(alone.teams["a"])
    assert Release.objects.filter(submission__team=rival).count() == len(WRONG)
    assert set(counts(Submission.objects.get(pk=received[0])).values()) == {1}


def test_seeds_depend_on_the_team_its_sequence_and_the_secret_alone(vault_keys: None) -> None:
    world = opened("seeds", "exact")
    round = Round.objects.select_related("secret").get(pk=world.round.pk)

    seeds = {release.seed_of(round=round, team_id=t, sequence=s) for t in (1, 2) for s in (1, 2)}

    assert len(seeds) == 4
    assert release.seed_of(round=round, team_id=1, sequence=1) in seeds
    assert release.seed_of(round=round, team_id=11, sequence=1) != release.seed_of(
        round=round, team_id=1, sequence=11
    )
