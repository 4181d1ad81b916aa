"""The organizer's frozen references; the first is the baseline every team has to beat."""

from lab.demo.cast import models
from lab.demo.cast.models import Recipe
from lab.demo.desk import Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published


def recipes() -> dict[str, Recipe]:
    """List references, plain on purpose: four columns of the day for the first, all eight for the others."""
    return {
        "reference-logistic": Recipe(models.linear(), Table("published", "plain")),
        "reference-forest": Recipe(models.forest(n_trees=40), Table("published", "day")),
        "reference-boosting": Recipe(models.boosting(n_rounds=50), Table("published", "day")),
    }


def train(*, weather: Published) -> dict[str, Predictions]:
    return {
        name: models.predictions(recipe=recipe, weather=weather)
        for name, recipe in recipes().items()
    }
