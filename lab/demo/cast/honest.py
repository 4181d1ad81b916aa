"""
Six honest teams: each works through its own models and improves for real.

They train on the training days and look at the published measurements of the others. Some notice
that the columns change places (`weather.features`), some do not.
"""

from collections.abc import Sequence

from lab.demo.cast import models
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published

PLAIN = Table("published", "plain")
DAY = Table("published", "day")
YESTERDAY = Table("published", "yesterday")
NEIGHBORS = Table("published", "neighbors")
CONTRASTS = Table("published", "contrasts")
ALIGNED_PLAIN = Table("realigned", "plain")
ALIGNED_DAY = Table("realigned", "day")
ALIGNED_YESTERDAY = Table("realigned", "yesterday")
ALIGNED_NEIGHBORS = Table("realigned", "neighbors")
ALIGNED_CONTRASTS = Table("realigned", "contrasts")


def _linear() -> list[Recipe]:
    tables = [DAY, YESTERDAY, ALIGNED_PLAIN, ALIGNED_DAY]
    tables += [ALIGNED_YESTERDAY, ALIGNED_NEIGHBORS, ALIGNED_CONTRASTS]
    return [Recipe(models.linear(), table) for table in tables]


def _forest() -> list[Recipe]:
    steps = [(10, PLAIN), (10, DAY), (30, DAY), (30, CONTRASTS), (10, ALIGNED_DAY)]
    steps += [(30, ALIGNED_DAY), (30, ALIGNED_CONTRASTS), (60, ALIGNED_CONTRASTS)]
    return [Recipe(models.forest(n_trees=n_trees), table) for n_trees, table in steps]


def _boosting() -> list[Recipe]:
    steps = [(10, PLAIN), (20, PLAIN), (20, DAY), (40, DAY), (60, DAY), (60, NEIGHBORS)]
    steps += [(20, ALIGNED_DAY), (40, ALIGNED_DAY), (80, ALIGNED_DAY), (40, ALIGNED_NEIGHBORS)]
    steps += [(20, ALIGNED_CONTRASTS), (60, ALIGNED_CONTRASTS), (100, ALIGNED_CONTRASTS)]
    return [Recipe(models.boosting(n_rounds=n_rounds), table) for n_rounds, table in steps]


def _splines() -> list[Recipe]:
    steps = [(3, PLAIN), (3, DAY), (5, DAY), (5, NEIGHBORS), (5, CONTRASTS)]
    steps += [(3, ALIGNED_DAY), (5, ALIGNED_NEIGHBORS), (4, ALIGNED_CONTRASTS)]
    steps += [(6, ALIGNED_CONTRASTS)]
    return [Recipe(models.splines(n_knots=n_knots), table) for n_knots, table in steps]


def _neighbors() -> list[Recipe]:
    steps = [(5, PLAIN), (11, PLAIN), (25, PLAIN), (25, DAY), (25, CONTRASTS), (51, CONTRASTS)]
    return [Recipe(models.neighbors(n_neighbors=k), table) for k, table in steps]


def _discriminant() -> list[Recipe]:
    return [
        Recipe(models.naive_bayes(), DAY),
        Recipe(models.linear_discriminant(), DAY),
        Recipe(models.quadratic_discriminant(shrinkage=0.1), DAY),
        Recipe(models.linear_discriminant(), PLAIN),
        Recipe(models.naive_bayes(), PLAIN),
    ]


TEAMS = {
    "linear": _linear,
    "forest": _forest,
    "boosting": _boosting,
    "splines": _splines,
    "neighbors": _neighbors,
    "discriminant": _discriminant,
}


def train(*, weather: Published) -> dict[str, list[Predictions]]:
    return {
        name: [models.predictions(recipe=recipe, weather=weather) for recipe in recipes()]
        for name, recipes in TEAMS.items()
    }


def play(*, desk: Desk, attempts: Sequence[Predictions]) -> Predictions:
    """Submit one after the other and declare the best released; with nothing released, the last."""
    final = attempts[-1]
    best: float | None = None
    for attempt in attempts:
        released = desk.answer(ticket=desk.submit(predictions=attempt))
        if released is not None and (best is None or released > best):
            best, final = released, attempt
    desk.declare_final(ticket=desk.submit(predictions=final))
    return final
