"""The verdict: its order, and what is published of it."""

import itertools

import pytest

from stats.verdict import Evidence, ShiftGate, Verdict, published, verdict

DELTA0 = 0.005


def evidence(**given: object) -> Evidence:
    plain: dict[str, object] = {
        "was_tested": True,
        "accused": False,
        "triaged": False,
        "gate": ShiftGate.QUIET,
        "interval_low": -0.01,
        "exceeds_luck": False,
        "delta0": DELTA0,
    }
    return Evidence(**{**plain, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, Verdict.NO_EVIDENCE),
        ({"is_valid": False, "accused": True}, Verdict.INVALID),
        ({"was_tested": False, "interval_low": None}, Verdict.NOT_TESTED),
        ({"accused": True}, Verdict.CONFIRMED),
        ({"accused": True, "gate": ShiftGate.NOT_TESTED}, Verdict.CONFIRMED),
        ({"accused": True, "gate": ShiftGate.FIRED}, Verdict.SUSPECTED),
        ({"triaged": True}, Verdict.SUSPECTED),
        ({"gate": ShiftGate.FIRED}, Verdict.SHIFT),
        ({"interval_low": DELTA0}, Verdict.NO_EVIDENCE),
        ({"interval_low": 0.0051}, Verdict.WITHIN_LUCK),
        ({"interval_low": 0.0051, "exceeds_luck": True}, Verdict.NO_EVIDENCE),
        ({"interval_low": None}, Verdict.NO_EVIDENCE),
    ],
)
def test_verdicts_come_in_their_order(given: dict[str, object], said: Verdict) -> None:
    assert verdict(evidence(**given)) == said


def test_no_suspicion_can_be_read_from_what_is_published() -> None:
    """Whatever else was found, a suspected team reads what it would read without the suspicion."""
    flags = [False, True]
    for accused, triaged, gate, low in itertools.product(
        flags, flags, ShiftGate, [-0.01, 0.01, None]
    ):
        given = evidence(accused=accused, triaged=triaged, gate=gate, interval_low=low)
        plain = verdict(evidence(gate=gate, interval_low=low))

        told = published(given)

        assert told != Verdict.SUSPECTED
        assert told == (Verdict.CONFIRMED if verdict(given) == Verdict.CONFIRMED else plain)
