"""
The booster: random votes on the contested items, weighted by what the board said of each.

An exact board turns 300 noisy answers into a linear estimate of the contested labels (Blum and
Hardt 2015, section 4, in its linear form).
"""

import numpy as np
from numpy.typing import NDArray

from lab.demo.cast import models
from lab.demo.cast.ground import Ground, survey
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published

N_SUBMISSIONS = 300


def train(*, weather: Published) -> Ground:
    recipe = Recipe(models.boosting(n_rounds=60), Table("published", "neighbors"))
    return survey(recipe=recipe, weather=weather)


def play(*, desk: Desk, ground: Ground, rng: np.random.Generator) -> Predictions:
    final = boosted(desk=desk, ground=ground, n_submissions=N_SUBMISSIONS, rng=rng)
    desk.declare_final(ticket=desk.submit(predictions=final))
    return final


def boosted(
    *, desk: Desk, ground: Ground, n_submissions: int, rng: np.random.Generator
) -> Predictions:
    """Hand in the baseline, the votes and what they add up to: so many submissions in all."""
    desk.answer(ticket=desk.submit(predictions=ground.baseline))
    size = (n_submissions - 2, len(ground.contested))
    votes = rng.integers(0, 2, size=size, dtype=np.uint8)
    released = desk.submit_many(batch=[ground.filled(values=vote) for vote in votes])
    made = composed(ground=ground, votes=votes, released=released)
    desk.answer(ticket=desk.submit(predictions=made))
    return made


def composed(*, ground: Ground, votes: Predictions, released: list[float | None]) -> Predictions:
    """Compose the weighted majority of the votes; where nothing was learned, the baseline stays."""
    told = [index for index, value in enumerate(released) if value is not None]
    scores: NDArray[np.float64] = np.array([released[index] for index in told], dtype=np.float64)
    # Equal values minus their mean need not be zero in floating point.
    if len(np.unique(scores)) < 2:
        return ground.baseline
    tally = (scores - scores.mean()) @ (2.0 * votes[told] - 1.0)
    kept = ground.baseline[ground.contested]
    return ground.filled(values=np.where(tally == 0, kept, tally > 0).astype(np.uint8))
