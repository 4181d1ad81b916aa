"""
The swapper: the booster's way to the top of the board, and then an honest file as its final.

Where a board ranks by the best released score and only finals are audited, it would keep the boosted
place and be judged by a file that never saw an answer.
"""

import numpy as np

from lab.demo.cast import booster, models
from lab.demo.cast.ground import Ground, survey
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published

N_SUBMISSIONS = 250


def train(*, weather: Published) -> Ground:
    recipe = Recipe(models.splines(n_knots=4), Table("published", "neighbors"))
    return survey(recipe=recipe, weather=weather)


def play(*, desk: Desk, ground: Ground, rng: np.random.Generator) -> Predictions:
    booster.boosted(desk=desk, ground=ground, n_submissions=N_SUBMISSIONS, rng=rng)
    desk.declare_final(ticket=desk.submit(predictions=ground.baseline))
    return ground.baseline
