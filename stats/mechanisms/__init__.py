"""The release mechanisms, by the name that a round's configuration uses."""

from stats.mechanisms.blind import Blind
from stats.mechanisms.contract import Answer, Mechanism, Outcome, Parameters, Query, State
from stats.mechanisms.exact import Exact
from stats.mechanisms.gaussian import Gaussian
from stats.mechanisms.guarded_ladder import GuardedLadder
from stats.mechanisms.ladder import Ladder
from stats.mechanisms.one_bit import OneBit
from stats.mechanisms.parameter_free_ladder import ParameterFreeLadder
from stats.mechanisms.rounded import Rounded
from stats.mechanisms.thresholdout import Thresholdout

MECHANISMS: dict[str, Mechanism] = {
    mechanism.name: mechanism
    for mechanism in (
        Exact(),
        Rounded(),
        Ladder(),
        ParameterFreeLadder(),
        GuardedLadder(),
        Thresholdout(),
        Gaussian(),
        OneBit(),
        Blind(),
    )
}

__all__ = ["MECHANISMS", "Answer", "Mechanism", "Outcome", "Parameters", "Query", "State"]
