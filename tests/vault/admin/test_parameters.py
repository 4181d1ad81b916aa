"""What a mechanism's parameters mean stands on the preview and on the round's page."""

import pytest

from stats.mechanisms import MECHANISMS
from vault.admin import parameters
from vault.models import Round


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_each_parameter_of_each_mechanism_is_explained(mechanism: str) -> None:
    given = MECHANISMS[mechanism].parameters()

    said = parameters.explained(Round(mechanism=mechanism, parameters=given)).splitlines()

    assert len(said) == len([value for value in given.values() if value is not None])


def test_a_line_has_the_value_and_the_letter() -> None:
    said = parameters.explained(Round(mechanism="guarded_ladder", parameters={"b": 5}))

    assert said == "improvements a team can be shown: 5 (b)"
    once = parameters.explained(Round(mechanism="one_bit", parameters={"b": 5}))
    assert once == "times a team can be told that it improved: 5 (b)"
