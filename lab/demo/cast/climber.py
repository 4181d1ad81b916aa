"""The hill climber: flips thirty contested items at a time and keeps what the board rewards."""

import numpy as np

from lab.demo.cast import models
from lab.demo.cast.ground import Ground, survey
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published

N_SUBMISSIONS = 300
N_FLIPS = 30


def train(*, weather: Published) -> Ground:
    recipe = Recipe(models.forest(n_trees=30), Table("realigned", "contrasts"))
    return survey(recipe=recipe, weather=weather)


def play(*, desk: Desk, ground: Ground, rng: np.random.Generator) -> Predictions:
    kept = ground.baseline
    best = desk.answer(ticket=desk.submit(predictions=kept))
    for _ in range(N_SUBMISSIONS - 1):
        tried = kept.copy()
        tried[rng.choice(ground.contested, size=N_FLIPS, replace=False)] ^= 1
        released = desk.answer(ticket=desk.submit(predictions=tried))
        if released is not None and (best is None or released > best):
            best, kept = released, tried
    desk.declare_final(ticket=desk.submit(predictions=kept))
    return kept
