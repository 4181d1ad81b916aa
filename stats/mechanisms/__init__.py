"""The release mechanisms, by the name that a round's configuration uses."""

from stats.mechanisms.contract import Answer, Mechanism, Outcome, Parameters, Query, State
from stats.mechanisms.exact import Exact
from stats.mechanisms.guarded_ladder import GuardedLadder
from stats.mechanisms.rounded import Rounded

MECHANISMS: dict[str, Mechanism] = {
    mechanism.name: mechanism for mechanism in (Exact(), Rounded(), GuardedLadder())
}

__all__ = ["MECHANISMS", "Answer", "Mechanism", "Outcome", "Parameters", "Query", "State"]
