"""One metric under the rules of one benchmark: its scores, items, interval and unit."""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps

from stats.arguments import check_fractions
from stats.intervals import Interval, delong, width_without_a_miss, wilson
from stats.metrics import rankings
from stats.metrics.catalogue import BINARY, PROBABILITIES, Metric, named
from stats.metrics.evaluation import Array, Bounds, Evaluation, Floats, Rules
from stats.standard_errors import standard_error

# Items that differ by less than this share of the largest are equal but for rounding errors.
ROUNDING_ERROR = 1e-12


@dataclass(frozen=True, kw_only=True)
class Scorer(Rules):
    """
    A metric and the rules by which it scores; it validates itself.

    Parameters
    ----------
    metric : str
        A key of METRICS.
    n_classes, loss_cap, decision_threshold, probability_clip, cost_matrix
        As in `stats.metrics.Rules`.

    Notes
    -----
    A ValueError names the rule that is wrong or that the metric lacks.
    """

    metric: str

    def __post_init__(self) -> None:
        """Raise ValueError if the metric does not score such a task."""
        super().__post_init__()
        chosen = self.of
        if ("regression" in chosen.tasks) != (self.n_classes is None):
            wrong = "values" if self.n_classes is None else "classes"
            raise ValueError(f"n_classes: {self.metric} does not score {wrong}")
        if chosen.tasks == BINARY and self.n_classes != 2:
            raise ValueError(f"n_classes: {self.metric} does not score more than two classes")
        if chosen.needs_costs and self.cost_matrix is None:
            raise ValueError(f"cost_matrix: {self.metric} needs one")

    @property
    def of(self) -> Metric:
        """The metric's entry in the catalogue."""
        return named(self.metric)

    @property
    def is_mean(self) -> bool:
        """Whether the score is the mean of its items, which every proven bound needs."""
        return self.of.is_mean

    @property
    def bounds(self) -> Bounds:
        """The lowest and the highest score."""
        return self.of.bounds(self)

    @property
    def unit(self) -> float:
        """The range u of one item's value, which floors and grids are shares of.

        Of R2, whose range has no lower end, 1: from a constant prediction to a perfect one. A regression
        without a loss cap has none: a ValueError.
        """
        if self.n_classes is None and self.loss_cap is None:
            raise ValueError(f"loss_cap: {self.metric} needs one to have a range")
        low, high = self.bounds
        return high - low if low > -np.inf else 1.0

    def orient(self, value: float) -> float:
        """Turn a value so that higher is better; its own inverse."""
        return self.of.orient(value)

    def score(self, *, labels: Array, predictions: Array) -> float:
        """
        Score predictions, in the metric's own units and direction.

        Parameters and errors as in `evaluation`; a ValueError also for a form that the metric does not
        score.

        Returns
        -------
        float
            Finite for all valid predictions and all labels.

        Notes
        -----
        Equal to scikit-learn's function of that name to 1e-12 where that is defined; log loss is that of
        clipped probabilities. Cost: O(n), or O(n log n) for AUC and average precision. Source:
        scikit-learn.
        """
        return self.of.score(self._scored(labels, predictions))

    def items(self, *, labels: Array, predictions: Array) -> Floats:
        """
        Return one value per item, higher better, with the oriented score as their mean.

        Parameters and errors as in `score`.

        Returns
        -------
        array of shape (n,), float64
            The items' own scores, or influence values for a metric that is no mean of items.

        Notes
        -----
        The spread of the values, or of two submissions' differences, over sqrt(n) is a standard error.
        Influence values are a first-order (delta method) approximation. Cost: as `score`. Source: F. R.
        Hampel, "The influence curve and its role in robust estimation", 1974.
        """
        items = self.of.items(self._scored(labels, predictions))
        return items if self.of.greater_is_better else -items

    def interval(
        self,
        *,
        labels: Array,
        predictions: Array,
        groups: Array | None = None,
        confidence_level: float = 0.95,
    ) -> Interval:
        """
        Compute a two-sided interval of the score, in the metric's own units.

        Parameters and errors as in `score`; `confidence_level` in (0, 1). `groups`, of shape (n,), names what
        each item was drawn with: items of a group may depend on each other.

        Notes
        -----
        Wilson for accuracy, DeLong for AUC, else Student's t on the (influence) values: formulas, so that
        every submission can have one, and no random number, so that it can be recomputed. It is cut to the
        metric's bounds. Where a mistake that did not occur leaves the items without spread it is never
        narrower than Wilson's interval without a miss: of all items for costs, of each class for a metric
        by class. With groups, n items are worth n / deff independent ones, deff the squared ratio of the two
        standard errors (by t quantiles), at least one; without spread a group is worth one item. Assumes
        independent items, or groups, and a submission that does not depend on their labels: of a selected
        submission it says how noisy the score is, not where the truth lies. Cost: as `score`. Source: Wilson,
        1927; DeLong, 1988; the delta method; Korn and Graubard, 1998, for the design effect.
        """
        check_fractions(confidence_level=confidence_level)
        return self._interval(self._scored(labels, predictions), groups, confidence_level)

    def estimate(
        self, *, labels: Array, predictions: Array, groups: Array | None = None
    ) -> tuple[float, Interval]:
        """
        Compute the score and its 95 % interval, of which the predictions are evaluated once.

        Parameters and errors as in `interval`.

        Notes
        -----
        Equal to `score` beside `interval`, for about half of their cost. Assumptions and source as there.
        """
        evaluation = self._scored(labels, predictions)
        return self.of.score(evaluation), self._interval(evaluation, groups, 0.95)

    def _interval(
        self, evaluation: Evaluation, groups: Array | None, confidence_level: float
    ) -> Interval:
        effect = (
            1.0 if groups is None else self._design_effect(evaluation, groups, confidence_level)
        )
        if self.of.counts_items:
            right = int(np.count_nonzero(evaluation.labels == evaluation.codes))
            return wilson(
                successes=right / effect, n=evaluation.n / effect, confidence_level=confidence_level
            )
        if self.metric == "roc_auc" and rankings.has_both_classes(evaluation):
            assert evaluation.probabilities is not None
            return delong(
                labels=evaluation.labels,
                scores=evaluation.probabilities,
                confidence_level=confidence_level,
                design_effect=effect,
            ).interval
        half = max(
            self._half_width(evaluation, confidence_level) * np.sqrt(effect),
            self._least_half_width(evaluation, effect, confidence_level),
        )
        value = self.of.score(evaluation)
        lowest, highest = self.bounds
        # Sums of floats may pass a bound by a rounding error: the score itself is always inside.
        low, high = max(value - half, lowest), min(value + half, highest)
        return Interval(low=min(low, value), high=max(high, value))

    def _scored(self, labels: Array, predictions: Array) -> Evaluation:
        """Evaluate the predictions, if the metric scores this form of them."""
        evaluation = self.evaluation(labels=labels, predictions=predictions)
        if self.of.forms == PROBABILITIES and evaluation.n_columns == 0:
            raise ValueError(f"predictions: {self.metric} does not score this form of them")
        return evaluation

    def _design_effect(
        self, evaluation: Evaluation, groups: Array, confidence_level: float
    ) -> float:
        """Return how many items, each drawn with its group, are worth one that was drawn alone."""
        items = self.of.items(evaluation)
        clustered = standard_error(values=items, groups=groups)
        if not clustered.freedom:
            return float(evaluation.n)
        tail = (1 - confidence_level) / 2
        if np.ptp(items) <= ROUNDING_ERROR * np.abs(items).max():
            return evaluation.n / (clustered.freedom + 1)
        alone = self._half_width(evaluation, confidence_level)
        together = sps.t.isf(tail, clustered.freedom) * clustered.value
        return float(np.clip((together / alone) ** 2, 1.0, evaluation.n))

    def _half_width(self, evaluation: Evaluation, confidence_level: float) -> float:
        found = standard_error(values=self.of.items(evaluation))
        if not found.freedom:
            return 0.0
        return float(sps.t.isf((1 - confidence_level) / 2, found.freedom) * found.value)

    def _least_half_width(
        self, evaluation: Evaluation, effect: float, confidence_level: float
    ) -> float:
        """Combine Wilson's widths of shares without a miss, z^2/(n+z^2), as in a mean of classes."""
        if self.of.by_class:
            sizes = evaluation.class_counts[evaluation.class_counts > 0].tolist()
        elif self.of.by_decision:
            sizes = [evaluation.n]
        else:
            return 0.0
        widths = [width_without_a_miss(size / effect, confidence_level) for size in sizes]
        return self.unit * float(np.sqrt(np.square(widths).sum()) / len(widths))
