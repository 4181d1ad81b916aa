"""A mechanism's parameters in words, for whoever plans a round or reads its page."""

from vault.models import Round

_NOISE = "standard deviation of the noise, times the metric's range over the root of the items"
MEANINGS = {
    "z": "standard errors by which a file must beat the team's best, measured on both files",
    "c": "least improvement that is answered, times the metric's range over the root of the items",
    "b": "improvements a team can be shown",
    "step": "least improvement that is answered, in the metric's unit",
    "t": "how far a validation score may be off and is told again, times the metric's range over the root of "
    "the items",
    "answers": "answers of the holdout that a team can get",
    "digits": "digits after the point that are shown",
}
# Where a letter means something else.
OF_MECHANISM = {
    ("one_bit", "b"): "times a team can be told that it improved",
    ("gaussian", "c"): _NOISE,
    ("thresholdout", "c"): _NOISE,
}


def explained(round: Round) -> str:
    """Write a line for each parameter that is set; empty where there is none."""
    return "\n".join(
        f"{OF_MECHANISM.get((round.mechanism, name), MEANINGS[name])}: {value:g} ({name})"
        for name, value in round.parameters.items()
        if value is not None
    )
