"""Where an attacker plays: its own honest baseline and the items that baseline is least sure of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.demo.cast import models
from lab.demo.cast.models import Recipe
from lab.demo.desk import Predictions
from lab.demo.weather.series import Published

CONTESTED_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class Ground:
    baseline: Predictions
    contested: NDArray[np.int64]  # positions in the panel, ascending
    chances: NDArray[np.float64]  # the baseline's probabilities of rain on the contested items

    def filled(self, *, values: Predictions) -> Predictions:
        """Return the baseline's predictions, with these on the contested items."""
        predictions = self.baseline.copy()
        predictions[self.contested] = values
        return predictions


def survey(*, recipe: Recipe, weather: Published) -> Ground:
    chances = models.probabilities(recipe=recipe, weather=weather)
    n_contested = round(CONTESTED_SHARE * len(chances))
    least_sure = np.argsort(np.abs(chances - 0.5), kind="stable")[:n_contested]
    contested = np.sort(least_sure).astype(np.int64)
    return Ground(
        baseline=(chances > 0.5).astype(np.uint8), contested=contested, chances=chances[contested]
    )
