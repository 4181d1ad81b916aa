"""Blind: no answer, nothing revealed."""

from stats.mechanisms import MECHANISMS
from tests.stats.ladders import answers


def test_nothing_is_told() -> None:
    for answer in answers("blind", [0.1, 0.9], baseline=None):
        assert (answer.value, answer.outcome.value, answer.accepted) == (None, "blind", False)


def test_nothing_is_revealed() -> None:
    blind = MECHANISMS["blind"]

    assert blind.nats(k=100, n=10, unit=1.0, parameters={}) == 0
    assert blind.display_baseline(baseline=0.5, n=10, unit=1.0, parameters={}) is None
    assert blind.resolution(n=10, unit=1.0, parameters={}) == 0
