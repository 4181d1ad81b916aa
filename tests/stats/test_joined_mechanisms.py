"""The states of two accounts that become one: what was used adds up, the better released stays."""

from typing import Any

import pytest

from stats.mechanisms import MECHANISMS

# What tells the better of two states, by mechanism.
BEST, LEVEL = (
    ("exact", "gaussian", "rounded", "thresholdout"),
    (
        "guarded_ladder",
        "ladder",
        "parameter_free_ladder",
    ),
)


def state(name: str, shown: float | None, n: int = 0) -> dict[str, Any]:
    return {"best": shown, "level": shown, "accepted": n, "used": n, "own": name}


@pytest.mark.parametrize("mechanism", [*BEST, *LEVEL])
@pytest.mark.parametrize(
    ("kept", "absorbed", "is_better"),
    [(0.5, 0.6, True), (0.6, 0.5, False), (0.5, 0.5, False), (None, 0.1, True), (0.1, None, False)],
)
def test_the_better_released_stays(
    mechanism: str, kept: float | None, absorbed: float | None, is_better: bool
) -> None:
    joined, found = MECHANISMS[mechanism].join(
        kept=state("kept", kept, 2), absorbed=state("absorbed", absorbed, 3)
    )

    assert found is is_better
    assert joined["own"] == ("absorbed" if is_better else "kept")
    counted = {"guarded_ladder": "accepted", "thresholdout": "used"}.get(mechanism)
    if counted is not None:
        assert joined[counted] == 5


@pytest.mark.parametrize(("kept", "absorbed", "is_better"), [(0, 1, True), (1, 3, False)])
def test_one_bit_tells_who_has_beaten_the_baseline(
    kept: int, absorbed: int, is_better: bool
) -> None:
    joined, found = MECHANISMS["one_bit"].join(
        kept=state("kept", None, kept), absorbed=state("absorbed", None, absorbed)
    )

    assert (found, joined["accepted"]) == (is_better, kept + absorbed)


def test_blind_has_nothing_to_join() -> None:
    assert MECHANISMS["blind"].join(kept={}, absorbed={}) == ({}, False)
