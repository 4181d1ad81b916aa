"""The seed shopper: sixty seeds of one model, and the luckiest on the board is declared."""

from collections.abc import Sequence

from lab.demo.cast import models
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published

N_SEEDS = 60


def train(*, weather: Published) -> list[Predictions]:
    table = Table("published", "day")
    return [
        models.predictions(
            recipe=Recipe(models.extra_trees(n_trees=12, seed=seed), table), weather=weather
        )
        for seed in range(N_SEEDS)
    ]


def play(*, desk: Desk, candidates: Sequence[Predictions]) -> Predictions:
    released = desk.submit_many(batch=candidates)
    shown = [(value, -index) for index, value in enumerate(released) if value is not None]
    # A Ladder repeats its last value: the earliest of equals is the file that earned it.
    final = candidates[-max(shown)[1]] if shown else candidates[0]
    desk.declare_final(ticket=desk.submit(predictions=final))
    return final
