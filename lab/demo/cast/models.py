"""The classifiers that the cast draws on, all with fixed seeds, and how one is put to work."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from lab.demo.desk import Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import Published


@dataclass(frozen=True)
class Recipe:
    """One submission that a team prepares: a model and the inputs it is given."""

    model: ClassifierMixin
    table: Table


def linear() -> ClassifierMixin:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def splines(*, n_knots: int) -> ClassifierMixin:
    return make_pipeline(
        StandardScaler(),
        SplineTransformer(n_knots=n_knots, degree=2, extrapolation="constant"),
        LogisticRegression(C=0.1, max_iter=1000),
    )


def naive_bayes() -> ClassifierMixin:
    return GaussianNB()


def linear_discriminant() -> ClassifierMixin:
    return LinearDiscriminantAnalysis()


def quadratic_discriminant(*, shrinkage: float) -> ClassifierMixin:
    return QuadraticDiscriminantAnalysis(reg_param=shrinkage)


def neighbors(*, n_neighbors: int) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), KNeighborsClassifier(n_neighbors))


def forest(*, n_trees: int, min_leaf: int = 5, seed: int = 0) -> ClassifierMixin:
    return RandomForestClassifier(n_trees, min_samples_leaf=min_leaf, random_state=seed)


def extra_trees(*, n_trees: int, min_leaf: int = 5, seed: int = 0) -> ClassifierMixin:
    return ExtraTreesClassifier(n_trees, min_samples_leaf=min_leaf, random_state=seed)


def boosting(*, n_rounds: int, n_leaves: int = 15) -> ClassifierMixin:
    return HistGradientBoostingClassifier(
        max_iter=n_rounds, max_leaf_nodes=n_leaves, learning_rate=0.1, random_state=0
    )


def probabilities(*, recipe: Recipe, weather: Published) -> NDArray[np.float64]:
    """Train on the training days; return the panel's probabilities of rain, shape (12100,)."""
    inputs = recipe.table.build(measurements=weather.features)
    recipe.model.fit(inputs[weather.training], weather.training_labels)
    chances: NDArray[np.float64] = recipe.model.predict_proba(inputs[weather.panel])[:, 1]
    return chances


def predictions(*, recipe: Recipe, weather: Published) -> Predictions:
    return (probabilities(recipe=recipe, weather=weather) > 0.5).astype(np.uint8)
