"""Who is accused, of what, and at which level: rounds with a known outcome, and the edges."""

import itertools

import numpy as np
import pytest
import scipy.stats as sps

from stats.accusation import Contestant, accuse, triage
from stats.draw import draw
from stats.split_scores import Mean
from stats.team_tests import BEST_SCORED, FAMILY_WISE_ERROR, FINAL, ORGANIZER, OWN_FILES, TeamTests
from tests.stats.rounds import accused, best, climber, files, honest

N, M = 150, 300
DELTA0 = 0.005


def league(seed: int = 41) -> list[tuple[np.ndarray, int]]:
    rng = np.random.default_rng(seed)
    teams = [honest(rng, n_items=N + M, k=12) for _ in range(4)]
    teams.append(climber(rng, n=N, n_items=N + M, k=12))
    return [(each, best(each, n=N)) for each in teams]


def references(seed: int = 42) -> np.ndarray:
    return np.random.default_rng(seed).random((N + M, 3)) < 0.72


def test_the_climber_alone_is_accused() -> None:
    """Seed 41; an honest team would be accused in 1 % of such rounds at most."""
    tests = accused(*league(), references=references(), n=N)

    assert [team for team, each in tests.items() if each.accuses(delta0=DELTA0)] == [4]
    assert tests[4].tests[FINAL, OWN_FILES].overstatement == pytest.approx(0.22, abs=0.01)


def test_p_value_is_exact_on_all_splits_of_a_tiny_pool() -> None:
    """252 splits of 10 items: the share of splits that look at least as overstated.

    Seed 7; the estimate of some thousand draws is within .055 (3.5 standard errors) of each.
    """
    rng = np.random.default_rng(7)
    right = rng.random((10, 3)) < 0.5
    stood = rng.random((10, 2)) < 0.5
    found = accused((right, best(right, n=5)), references=stood, n=5)[0]

    for kind in (OWN_FILES, ORGANIZER):
        if (FINAL, kind) not in found.tests:
            continue
        null, observed = [], None
        for chosen in itertools.combinations(range(10), 5):
            rows = [*chosen, *sorted(set(range(10)) - set(chosen))]
            split = right[rows].astype(float)
            reference = _reference(right, stood, kind)[rows]
            file = best(split, n=5)
            weights = _weights(right, stood, kind)[:, file]
            lead = split[:, file] - reference @ weights
            null.append(lead[:5].mean() - lead[5:].mean())
            if rows == list(range(10)):
                observed = null[-1]
        assert observed is not None
        exact = np.mean(np.array(null) >= observed - 1e-9)
        assert found.tests[FINAL, kind].p_estimate == pytest.approx(exact, abs=0.055)


def _reference(right: np.ndarray, stood: np.ndarray, kind: str) -> np.ndarray:
    return right[:, :1].astype(float) if kind == OWN_FILES else stood.astype(float)


def _weights(right: np.ndarray, stood: np.ndarray, kind: str) -> np.ndarray:
    """One reference, or the best share of the first of two."""
    if kind == OWN_FILES:
        return np.ones((1, right.shape[1]))
    first, second = stood[:, 0].astype(float), stood[:, 1].astype(float)
    difference = first - second - np.mean(first - second)
    share = []
    for column in right.T:
        target = column - second - np.mean(column - second)
        share.append(difference @ target / (difference @ difference))
    return np.array([share, 1 - np.array(share)])


def test_rare_repairs_have_their_hypergeometric_p_value() -> None:
    """22 of 2,200 items repaired, 7 of them among 200 query items: no accusation among 40 teams.

    A normal tail gives 8.8e-5. Seed 1: the estimate from 10 exceedances is within a factor of 2.5 of .0024.
    """
    base = np.random.default_rng(3).random(2_200) < 0.8
    base[:7] = base[200:215] = False
    repaired = base.copy()
    repaired[:7] = repaired[200:215] = True

    found = accused((np.column_stack([base, repaired]), 1), n=200, n_teams=40)[0]

    exact = sps.hypergeom(2_200, 22, 200).sf(6)
    test = found.tests[FINAL, OWN_FILES]
    assert exact == pytest.approx(0.0024, abs=5e-5)
    assert exact / 2.5 < test.p_estimate < exact * 2.5
    assert test.adjusted > FAMILY_WISE_ERROR
    assert not found.accuses(delta0=DELTA0)


def test_a_lead_of_one_constant_over_another_is_no_evidence() -> None:
    """It is the same in every draw but for rounding, which a processor must not turn into p = .0003."""
    constant = np.tile([0.1, 0.3, 0.7], (1_600, 1))
    varied = -np.random.default_rng(1).exponential(size=(1_600, 1))
    teams = ((constant, 2), (np.hstack([constant[:, :1], varied, constant[:, 2:]]), 2))

    assert accused(*teams, references=constant[:, 1:], n=400) == {}


def test_a_boosted_file_is_found_behind_an_honest_final() -> None:
    """The board's best file is tested, whatever was declared, and the verdict names it."""
    right = climber(np.random.default_rng(8), n=N, n_items=N + M, k=12)

    found = accused((right, 0), references=references(), n=N)[0]
    shown = found.shown(delta0=DELTA0)

    assert found.accuses(delta0=DELTA0)
    assert (found.best, shown.which, shown.test.file) == (11, BEST_SCORED, 11)
    # The final is its own first file: against the organizer's references alone.
    assert (FINAL, OWN_FILES) not in found.tests
    assert not found.tests[FINAL, ORGANIZER].accuses(delta0=DELTA0)


def test_withdrawn_files_are_tested_though_there_is_no_final() -> None:
    right = climber(np.random.default_rng(8), n=N, n_items=N + M, k=12)

    found = accused((right, None), references=references(), n=N)[0]

    assert {which for which, _ in found.tests} == {BEST_SCORED}
    assert found.shown(delta0=DELTA0).which == BEST_SCORED


def test_another_final_holds_however_it_was_chosen() -> None:
    """The best-scored file stands apart, and the final is the best of its worse variants; 120 splits, seed 9.

    With the final fixed, .24 to .46 of such finals are rejected at .05. Binomial(120, .05) exceeds 17 with
    p < 1e-4.
    """
    rng = np.random.default_rng(9)
    rejected = 0
    for _ in range(120):
        apart = rng.random((900, 1)) < 0.85
        others = np.where(rng.random((900, 15)) < 0.3, rng.random((900, 15)) < 0.7, apart)
        right = np.hstack([apart, others])
        final = 1 + best(others, n=300)
        found = accused((right, final), n=300, seed=int(rng.integers(2**32)))
        if (FINAL, OWN_FILES) in found[0].tests:
            rejected += found[0].tests[FINAL, OWN_FILES].p_estimate <= 0.05

    assert rejected <= 17


def test_a_file_with_gross_errors_drowns_no_boosted_one() -> None:
    """Losses of which a decoy has five huge ones more than the boosted file, wherever they lie."""
    rng = np.random.default_rng(16)
    n, n_items = 300, 900
    base = rng.random(n_items)
    boosted = base.copy()
    boosted[:120] *= 0.2
    decoy = boosted.copy()
    decoy[rng.choice(n_items, 5, replace=False)] += 50
    losses = -np.column_stack([base, decoy, boosted])
    stood = -np.column_stack([base + rng.normal(0, 0.05, n_items) for _ in range(2)])

    found = accused((losses, 2), references=stood, n=n)[0]

    assert found.accuses(delta0=DELTA0)


def test_boosted_files_among_the_first_do_not_blind_the_first_file() -> None:
    """Five boosted files follow the first one at once: their mean would show no overstatement of the next."""
    rng = np.random.default_rng(10)
    base = rng.random((3_000, 1)) < 0.7
    boosted = base.copy()
    boosted[np.flatnonzero(~base[:1_000])[:60]] = True
    early = boosted ^ (rng.random((3_000, 5)) < 0.002)
    late = boosted ^ (rng.random((3_000, 10)) < 0.002)
    right = np.hstack([base, early, late])

    found = accused((right, best(right, n=1_000)), n=1_000, n_teams=20)[0]

    assert found.tests[FINAL, OWN_FILES].accuses(delta0=DELTA0)


def test_an_odd_first_file_does_not_blind_the_next_ones() -> None:
    rng = np.random.default_rng(11)
    right = climber(rng, n=N, n_items=N + M, k=40)
    odd = rng.random((N + M, 1)) < 0.5
    menu = np.hstack([odd, right])

    found = accused((menu, 40), n=N, n_teams=20)[0]

    assert found.tests[FINAL, OWN_FILES].accuses(delta0=DELTA0)


def test_the_second_of_four_files_is_found_when_it_is_the_boosted_one() -> None:
    """The first file and the mean of the first two span it: rounding once took its lead's place (38)."""
    for seed in (38, 39, 40):
        rng = np.random.default_rng(seed)
        first = rng.random(1_500) < 0.75
        boosted = first ^ (rng.random(1_500) < 0.03)
        boosted[rng.choice(np.flatnonzero(~boosted[:500]), 75, replace=False)] = True
        tweaks = [first ^ (rng.random(1_500) < 0.05) for _ in range(2)]
        tests = accused((np.column_stack([first, boosted, *tweaks]), 1), n=500, n_teams=5)[0]

        test = tests.tests[FINAL, OWN_FILES]
        assert test.overstatement > 0.1
        assert test.accuses(delta0=DELTA0)


def test_a_first_file_that_follows_a_release_is_no_reference() -> None:
    (right, final) = league()[0]

    assert accused((right, final), n=N, precedes=False) == {}
    assert accused((right[:, :1], 0), n=N) == {}


def test_what_accuses_is_shown_with_the_larger_detectable_effect() -> None:
    """A clean second account, a boosted file first, then a tweak: only the organizer's references accuse."""
    rng = np.random.default_rng(12)
    boosted = climber(rng, n=N, n_items=N + M, k=12)
    tweak = boosted[:, -1].copy()
    tweak[rng.choice(N + M, 5, replace=False)] ^= True
    near = boosted[:, :1] ^ (rng.random((N + M, 3)) < 0.05)
    menu = np.column_stack([boosted[:, -1], tweak])

    found = accused((menu, 1), references=near, n=N)[0]
    shown = found.shown(delta0=DELTA0)

    assert shown.kind == ORGANIZER
    assert shown.test.overstatement > 0.15
    effects = [
        each.minimum_detectable_effect(delta0=DELTA0)
        for (which, _), each in found.tests.items()
        if which == shown.which
    ]
    assert shown.minimum_detectable_effect == max(effects)


def test_more_teams_lower_the_level_and_nothing_else() -> None:
    """T is frozen: a team's own figures do not change with how many Holm counts."""
    (right, final) = league()[4]

    few, many = (
        accused((right, final), references=references(), n=N, n_teams=t)[0].tests[FINAL, ORGANIZER]
        for t in (1, 100)
    )

    assert few.overstatement == many.overstatement
    assert few.luck == many.luck
    assert few.adjusted <= FAMILY_WISE_ERROR
    assert many.critical > few.critical


def test_room_for_one_team_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody gets the same draws, however many are looked at together."""
    rng = np.random.default_rng(29)
    teams = [*league(), (climber(rng, n=N, n_items=N + M, k=12), 11)]
    together = accused(*teams, references=references(), n=N)

    monkeypatch.setattr("stats.accusation.MAX_BYTES", 1)
    alone = accused(*teams, references=references(), n=N)

    waited = [
        team for team, each in alone.items() if max(t.n_draws for t in each.tests.values()) > 1_000
    ]
    assert len(waited) > 1
    assert alone == together


def test_repeating_gives_the_same_figures() -> None:
    once, again = (accused(*league(), references=references(), n=N) for _ in range(2))

    assert once == again


def test_a_screened_file_has_p_value_one() -> None:
    tests = accused(*league()[:4], references=references(), n=N)

    screened = [test for each in tests.values() for test in each.tests.values() if test.is_screened]
    assert screened
    for test in screened:
        assert (test.p_value, test.adjusted) == (1, 1)
        assert test.p_estimate > 0.05


def test_the_exact_metric_must_show_it_too() -> None:
    """Where the test is linearised, a D that the exact metric does not show accuses nobody."""
    rng = np.random.default_rng(13)
    right = climber(rng, n=N, n_items=N + M, k=12)
    given = files(right, n=N)
    flat = type(given)(
        data=given.data,
        items=given.items,
        query_exact=np.zeros(12),
        fresh_exact=np.zeros(12),
        n=N,
    )

    found = accuse(
        draw=draw(n=N, m=M),
        score=Mean(is_exact=False, n_items=N + M),
        contestants={0: Contestant(files=flat, final=11)},
        references=None,
        n_teams=1,
        tie=1e-9,
        rng=np.random.default_rng(1),
    )[0]

    assert found.tests[FINAL, OWN_FILES].adjusted <= FAMILY_WISE_ERROR
    assert found.tests[FINAL, OWN_FILES].excess_low > DELTA0
    assert not found.accuses(delta0=DELTA0)


def test_whole_clusters_are_drawn() -> None:
    """Files that are right on whole clusters: single items would look far beyond luck."""
    rng = np.random.default_rng(14)
    of_cluster = rng.random((90, 6)) < 0.5
    right = np.repeat(of_cluster, 10, axis=0)
    cluster = np.repeat(np.arange(90), 10)
    drawn = draw(n=300, m=600, query_clusters=cluster[:300], fresh_clusters=cluster[300:])

    whole = accused((right, best(right, n=300)), n=300, drawn=drawn)[0]
    single = accused((right, best(right, n=300)), n=300)[0]

    assert whole.tests[FINAL, OWN_FILES].luck > 2 * single.tests[FINAL, OWN_FILES].luck
    width = [
        each.tests[FINAL, OWN_FILES].high - each.tests[FINAL, OWN_FILES].low
        for each in (whole, single)
    ]
    assert width[0] > 2 * width[1]


def test_interval_covers_the_realised_overstatement() -> None:
    """What fresh labels of endless number would show; 200 leagues, seed 15.

    Binomial(200, .95) falls below 174 with p < 1e-5.
    """
    rng = np.random.default_rng(15)
    n, m, covered = 200, 400, 0
    for _ in range(200):
        right = honest(rng, n_items=n + m, k=5)
        test = accused((right, 4), n=n, seed=int(rng.integers(2**32)))[0].tests[FINAL, OWN_FILES]
        # All files are as good in truth: the query lead over the first file is all overstatement.
        truth = right[:n, 4].mean() - right[:n, 0].mean()
        covered += test.low <= truth <= test.high

    assert covered >= 174


def test_triage_is_benjamini_hochberg_on_the_smallest_p_value() -> None:
    tests = accused(*league(), references=references(), n=N)

    assert triage(tests=tests) == {4}
    assert triage(tests={}) == set()


def test_nobody_plays() -> None:
    found: dict[int, TeamTests] = accuse(
        draw=draw(n=2, m=2),
        score=Mean(is_exact=True, n_items=4),
        contestants={},
        references=None,
        n_teams=0,
        tie=0,
        rng=np.random.default_rng(1),
    )

    assert found == {}


def test_impossible_rounds_are_refused() -> None:
    (right, final) = league()[0]

    with pytest.raises(ValueError, match="n_teams"):
        accused((right, final), (right, final), n=N, n_teams=1)
    with pytest.raises(ValueError, match="files: one row"):
        accused((right, final), references=references()[:-1], n=N)
