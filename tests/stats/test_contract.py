"""Properties that every registered release mechanism has."""

import copy
import itertools
import json
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.mechanisms import MECHANISMS, Answer, Query, State
from stats.mechanisms.contract import ladder_nats, level_of

N = 400
BASELINE = 0.61

mechanisms = st.sampled_from(sorted(MECHANISMS))
queries = st.lists(
    st.builds(
        Query,
        score=st.integers(0, N).map(lambda right: right / N),
        paired_se=st.floats(0, 0.05),
        n=st.just(N),
        reported=st.integers(0, N).map(lambda right: right / N),
    ),
    max_size=30,
)


def play(name: str, asked: list[Query], seed: int = 1) -> Iterator[tuple[State, State, Answer]]:
    """Each query's state before, state after, and answer."""
    mechanism = MECHANISMS[name]
    parameters = mechanism.parameters()
    state = mechanism.initial_state(baseline=BASELINE, n=N, unit=1.0, parameters=parameters)
    for position, query in enumerate(asked):
        after, answer = mechanism.respond(
            state=state,
            query=query,
            parameters=parameters,
            rng=np.random.default_rng([seed, position]),
        )
        yield state, after, answer
        state = after


@given(mechanisms, queries)
def test_answers_are_a_function_of_state_query_and_seed(name: str, asked: list[Query]) -> None:
    assert list(play(name, asked)) == list(play(name, asked))


@given(mechanisms, queries)
def test_respond_never_changes_the_state_it_is_given(name: str, asked: list[Query]) -> None:
    mechanism = MECHANISMS[name]
    for before, after, _ in play(name, asked):
        kept = copy.deepcopy(before)
        again, _ = mechanism.respond(
            state=before,
            query=asked[0],
            parameters=mechanism.parameters(),
            rng=np.random.default_rng(1),
        )
        assert before == kept
        assert again is not before
        assert after is not before


@given(mechanisms, queries)
def test_states_round_trip_through_json(name: str, asked: list[Query]) -> None:
    for before, after, _ in play(name, asked):
        assert json.loads(json.dumps(before)) == before
        assert json.loads(json.dumps(after)) == after


@given(mechanisms, queries)
def test_without_noise_no_value_is_above_the_raw_scores(name: str, asked: list[Query]) -> None:
    if MECHANISMS[name].noisy:
        return
    best = -math.inf
    for query, (_, _, answer) in zip(asked, play(name, asked), strict=True):
        best = max(best, query.score)
        assert answer.value is None or answer.value <= best + 1e-12
        if answer.accepted and answer.value is not None:
            assert answer.value <= query.score + 1e-12


@given(mechanisms, queries)
def test_released_values_lie_on_the_grid_of_the_resolution(name: str, asked: list[Query]) -> None:
    mechanism = MECHANISMS[name]
    grid = mechanism.resolution(n=N, unit=1.0, parameters=mechanism.parameters())
    for _, _, answer in play(name, asked):
        if answer.value is not None and grid > 0:
            assert abs(answer.value / grid - round(answer.value / grid)) < 1e-9


@given(mechanisms, queries)
def test_each_acceptance_strictly_raises_the_released_value(name: str, asked: list[Query]) -> None:
    accepted = [answer for _, _, answer in play(name, asked) if answer.accepted]
    values = [answer.value for answer in accepted if answer.value is not None]
    assert len(values) in (0, len(accepted))
    assert all(a < b for a, b in itertools.pairwise(values))


@given(mechanisms, queries)
def test_what_is_told_is_the_value_and_the_outcome(name: str, asked: list[Query]) -> None:
    """`accepted` only repeats what the team can read off its answers."""
    best = -math.inf
    for _, _, answer in play(name, asked):
        if answer.outcome == "scored":
            assert answer.value is not None
            assert answer.accepted == (answer.value > best)
        else:
            assert answer.accepted == (answer.outcome == "improved")
        best = max(best, -math.inf if answer.value is None else answer.value)


@given(mechanisms, st.floats(0, 1))
def test_display_of_a_baseline_is_not_above_it(name: str, baseline: float) -> None:
    mechanism = MECHANISMS[name]
    shown = mechanism.display_baseline(
        baseline=baseline, n=N, unit=1.0, parameters=mechanism.parameters()
    )
    assert shown is None or shown <= baseline + 1e-10


@given(mechanisms, st.integers(1, 500), st.integers(1, 100_000))
def test_nats_are_finite_and_grow_with_the_queries(name: str, k: int, n: int) -> None:
    mechanism = MECHANISMS[name]
    parameters = mechanism.parameters()
    few = mechanism.nats(k=k, n=n, unit=1.0, parameters=parameters)
    many = mechanism.nats(k=k + 1, n=n, unit=1.0, parameters=parameters)
    assert 0 <= few <= many < math.inf
    assert few < many or many == 0  # one transcript: nothing is ever told


@given(mechanisms, queries)
def test_without_noise_values_are_within_the_distortion_of_the_best(
    name: str, asked: list[Query]
) -> None:
    """A value belongs to the incumbent: what is accepted keeps its distance from its own raw score."""
    mechanism = MECHANISMS[name]
    if mechanism.noisy:
        return
    bound = mechanism.distortion(k=1, n=N, unit=1.0, parameters=mechanism.parameters(), beta=0.05)
    for query, (_, _, answer) in zip(asked, play(name, asked), strict=True):
        if answer.accepted and answer.value is not None:
            assert query.score - answer.value <= bound + 1e-12


@pytest.mark.parametrize("name", sorted(MECHANISMS))
def test_noise_stays_within_the_distortion(name: str) -> None:
    """40 answers in each of 200 worlds (seeds 0 to 199) at beta = .2: at most 55 worlds may exceed it.

    The binomial chance of more is 8e-3 if the bound were tight; it is a union bound, so it is smaller.
    """
    mechanism = MECHANISMS[name]
    parameters = mechanism.parameters()
    bound = mechanism.distortion(k=40, n=N, unit=1.0, parameters=parameters, beta=0.2)
    asked = [
        Query(score=0.62 + 0.009 * step, paired_se=0.01, n=N, reported=0.62 + 0.014 * step)
        for step in range(40)
    ]
    beyond = 0
    for seed in range(200):
        played = zip(asked, play(name, asked, seed=seed), strict=True)
        errors = [
            abs(answer.value - query.score)
            for query, (_, _, answer) in played
            if answer.value is not None and answer.outcome in ("scored", "improved")
        ]
        beyond += max(errors, default=0.0) > bound + 1e-12
    assert beyond <= (55 if mechanism.noisy else 0)


@pytest.mark.parametrize("name", sorted(MECHANISMS))
def test_parameters_survive_being_completed_again(name: str) -> None:
    complete = MECHANISMS[name].parameters()
    assert MECHANISMS[name].parameters(**complete) == complete
    assert json.loads(json.dumps(complete)) == complete


COUNTABLE = sorted(name for name, each in MECHANISMS.items() if not each.noisy)


@pytest.mark.parametrize("name", COUNTABLE)
@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_there_are_no_more_transcripts_than_the_nats_say(name: str, baseline: float) -> None:
    """Every row of 3 counts of 9 items, each with two standard errors, answered one after another."""
    mechanism, n, k = MECHANISMS[name], 9, 3
    parameters = mechanism.parameters()
    start = mechanism.initial_state(baseline=baseline, n=n, unit=1.0, parameters=parameters)
    queries = [
        Query(score=count / n, paired_se=se, n=n) for count in range(n + 1) for se in (0.0, 0.1)
    ]
    rng = np.random.default_rng(1)
    reached: set[tuple[str, tuple[str, ...]]] = {(json.dumps(start), ())}
    for _ in range(k):
        steps = [
            (
                mechanism.respond(
                    state=json.loads(state), query=query, parameters=parameters, rng=rng
                ),
                told,
            )
            for state, told in reached
            for query in queries
        ]
        reached = {
            (json.dumps(state), (*told, f"{answer.value} {answer.outcome}"))
            for (state, answer), told in steps
        }

    transcripts = {told for _, told in reached}
    assert math.log(len(transcripts)) <= 1e-9 + mechanism.nats(
        k=k, n=n, unit=1.0, parameters=parameters
    )


@pytest.mark.parametrize("name", sorted(MECHANISMS))
def test_unknown_parameters_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="novelty"):
        MECHANISMS[name].parameters(novelty=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": math.nan},
        {"score": math.inf},
        {"paired_se": -0.1},
        {"paired_se": math.nan},
        {"n": 0},
        {"reported": math.nan},
        {"unit": 0.0},
        {"unit": math.inf},
    ],
)
def test_queries_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Query(**{"score": 0.5, "paired_se": 0.1, "n": 10, **wrong})  # type: ignore[arg-type]


def test_level_counts_a_tie_of_floats_as_reached() -> None:
    assert 0.15 / 0.05 < 3
    assert level_of(score=0.15, grid=0.05) == 3
    assert level_of(score=-0.15, grid=0.05) == -3
    assert level_of(score=0.1499, grid=0.05) == 2


@pytest.mark.parametrize("name", ["ladder", "parameter_free_ladder"])
@pytest.mark.parametrize("baseline", [math.nan, math.inf])
def test_a_ladder_starts_from_no_impossible_baseline(name: str, baseline: float) -> None:
    """From NaN it accepted any first submission, as if there were no baseline."""
    mechanism = MECHANISMS[name]

    with pytest.raises(ValueError, match="baseline"):
        mechanism.initial_state(
            baseline=baseline, n=100, unit=1.0, parameters=mechanism.parameters()
        )


def test_no_transcripts_of_fewer_than_no_queries() -> None:
    with pytest.raises(ValueError, match="k, levels and most"):
        ladder_nats(k=-1, levels=10, most=5)


@pytest.mark.parametrize(("score", "grid"), [(math.nan, 0.1), (0.5, 0.0), (0.5, math.nan)])
def test_no_line_of_an_impossible_grid(score: float, grid: float) -> None:
    with pytest.raises(ValueError, match="score: a finite one"):
        level_of(score=score, grid=grid)
