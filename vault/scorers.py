"""A benchmark's rules of scoring as `stats` takes them: the one place that reads them off the benchmark."""

from stats.metrics import METRICS, Rules, Scorer, check_costs
from vault.models import Benchmark


def scorer_of(*, benchmark: Benchmark, metric: str = "") -> Scorer:
    """Make the scorer of the primary metric, or of the secondary one that is named."""
    name = metric or benchmark.primary_metric
    chosen = METRICS.get(name)
    return Scorer(
        metric=name,
        n_classes=len(benchmark.classes) or None,
        loss_cap=benchmark.loss_cap,
        decision_threshold=benchmark.decision_threshold,
        probability_clip=benchmark.probability_clip,
        # A matrix that no metric reads was never held to what costs must be.
        cost_matrix=benchmark.cost_matrix if chosen is not None and chosen.needs_costs else None,
    )


def rules_of(*, benchmark: Benchmark) -> Rules:
    """Read how a benchmark decides and what decisions cost, whatever metrics it has."""
    n_classes, costs = len(benchmark.classes) or None, benchmark.cost_matrix
    if costs is not None:
        try:
            check_costs(costs, n_classes)
        except ValueError:
            # Of a benchmark from before costs were held to anything.
            costs = None
    return Rules(
        n_classes=n_classes,
        loss_cap=benchmark.loss_cap,
        decision_threshold=benchmark.decision_threshold,
        probability_clip=benchmark.probability_clip,
        cost_matrix=costs,
    )
