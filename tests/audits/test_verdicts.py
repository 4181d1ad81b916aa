"""The verdict function: its whole truth table, and what must hold whatever the evidence."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.verdicts import Evidence, published, verdict
from vault.statuses import Verdict

DELTA0 = 0.005
QUIET = Evidence(
    is_valid=True,
    was_tested=True,
    accused=False,
    triaged=False,
    gate_fired=False,
    interval_low=-0.01,
    delta0=DELTA0,
)

evidence = st.builds(
    Evidence,
    is_valid=st.booleans(),
    was_tested=st.booleans(),
    accused=st.booleans(),
    triaged=st.booleans(),
    gate_fired=st.booleans(),
    interval_low=st.none() | st.floats(-1, 1),
    delta0=st.just(DELTA0),
)


def expected(
    *, is_valid: bool, was_tested: bool, accused: bool, triaged: bool, gate: bool, excess: bool
) -> Verdict:
    """The composition of STATISTICS G as a list of rules, the first that applies."""
    rules = [
        (not is_valid, Verdict.INVALID),
        (not was_tested, Verdict.NOT_TESTED),
        (accused and not gate, Verdict.CONFIRMED),
        (accused and gate, Verdict.SUSPECTED),
        (triaged, Verdict.SUSPECTED),
        (gate, Verdict.SHIFT),
        (excess, Verdict.WITHIN_LUCK),
        (True, Verdict.NO_EVIDENCE),
    ]
    return next(result for applies, result in rules if applies)


@pytest.mark.parametrize(
    ("is_valid", "was_tested", "accused", "triaged", "gate", "excess"),
    list(itertools.product([False, True], repeat=6)),
)
def test_every_row_of_the_truth_table(
    is_valid: bool, was_tested: bool, accused: bool, triaged: bool, gate: bool, excess: bool
) -> None:
    found = verdict(
        Evidence(
            is_valid=is_valid,
            was_tested=was_tested,
            accused=accused,
            triaged=triaged,
            gate_fired=gate,
            interval_low=0.006 if excess else 0.0,
            delta0=DELTA0,
        )
    )

    assert found == expected(
        is_valid=is_valid,
        was_tested=was_tested,
        accused=accused,
        triaged=triaged,
        gate=gate,
        excess=excess,
    )


@pytest.mark.parametrize("low", [None, -0.1, 0.0, DELTA0])
def test_an_interval_that_reaches_the_tolerance_shows_no_selection(low: float | None) -> None:
    assert verdict(replace(QUIET, interval_low=low)) == Verdict.NO_EVIDENCE


@given(evidence)
def test_nobody_is_confirmed_without_an_accusation_behind_a_quiet_gate(given: Evidence) -> None:
    if verdict(given) == Verdict.CONFIRMED:
        assert given.is_valid
        assert given.was_tested
        assert given.accused
        assert not given.gate_fired


SEVERITY = {
    Verdict.NO_EVIDENCE: 0,
    Verdict.SHIFT: 0,
    Verdict.WITHIN_LUCK: 1,
    Verdict.SUSPECTED: 2,
    Verdict.CONFIRMED: 3,
}


@given(evidence, st.booleans(), st.booleans(), st.floats(0, 1))
def test_more_evidence_never_makes_a_verdict_milder(
    given: Evidence, accused: bool, triaged: bool, more: float
) -> None:
    """INVALID and NOT_TESTED are no degrees of guilt, and more evidence changes neither."""
    low = given.interval_low
    stronger = replace(
        given,
        accused=given.accused or accused,
        triaged=given.triaged or triaged,
        interval_low=None if low is None else low + more,
    )
    before, after = verdict(given), verdict(stronger)

    if before in (Verdict.INVALID, Verdict.NOT_TESTED):
        assert after == before
    else:
        assert SEVERITY[after] >= SEVERITY[before]


@given(evidence)
def test_a_gate_that_fires_never_makes_a_verdict_harder(given: Evidence) -> None:
    quiet, fired = replace(given, gate_fired=False), replace(given, gate_fired=True)

    if verdict(quiet) in SEVERITY:
        assert SEVERITY[verdict(fired)] <= SEVERITY[verdict(quiet)]


@given(evidence)
def test_what_is_published_says_nothing_of_suspicions(given: Evidence) -> None:
    """Whether a team is suspected must not show in any published verdict but CONFIRMED."""
    suspected = replace(given, triaged=True)
    unsuspected = replace(given, triaged=False)

    assert published(suspected) == published(unsuspected)
    assert published(given) != Verdict.SUSPECTED


def test_a_suspect_behind_a_fired_gate_reads_what_everybody_reads() -> None:
    fired = replace(QUIET, gate_fired=True)

    assert published(replace(fired, accused=True)) == published(fired) == Verdict.SHIFT


@pytest.mark.parametrize("given", [each for each in Verdict if each != Verdict.SUSPECTED])
def test_every_other_verdict_is_published_as_it_is(given: Verdict) -> None:
    cases = {
        Verdict.INVALID: replace(QUIET, is_valid=False),
        Verdict.NOT_TESTED: replace(QUIET, was_tested=False),
        Verdict.CONFIRMED: replace(QUIET, accused=True),
        Verdict.SHIFT: replace(QUIET, gate_fired=True),
        Verdict.WITHIN_LUCK: replace(QUIET, interval_low=0.1),
        Verdict.NO_EVIDENCE: QUIET,
    }

    assert verdict(cases[given]) == published(cases[given]) == given
