"""Selection alone: the best looking of many equally good models (docs/method.md, "Selection alone")."""

import numpy as np
import scipy.stats as sps
from scipy.integrate import quad

from lab.attacks.votes import signal
from stats.mechanisms import Mechanism, Parameters, Query

SKILL = 0.8


def best_of_k(
    *,
    mechanism: Mechanism,
    parameters: Parameters,
    n: int,
    k: int,
    rng: np.random.Generator,
    skill: float = SKILL,
    correlation: float = 0.0,
) -> float:
    """
    Measure how much better the best released of k models looks than it is.

    Parameters
    ----------
    mechanism, parameters
        What releases the scores; its baseline is one model more.
    n, k : int
        Query items, models.
    rng : numpy Generator
    skill : float
        Accuracy of every model.
    correlation : float in [0, 1)
        Of two models' being right on an item.

    Returns
    -------
    float
        Query accuracy of the chosen one less `skill`.
    """
    common = rng.random((n, 1)) < skill
    shared = rng.random((n, k + 1)) < np.sqrt(correlation)
    right = np.where(shared, common, rng.random((n, k + 1)) < skill)
    state = mechanism.initial_state(
        baseline=float(right[:, k].mean()) if mechanism.needs_baseline else None,
        n=n,
        unit=1.0,
        parameters=parameters,
    )
    incumbent, answers = right[:, k], []
    for model in right[:, :k].T:
        differences = model.astype(np.float64) - incumbent
        query = Query(
            score=float(model.mean()),
            paired_se=float(differences.std(ddof=1) / np.sqrt(n)),
            n=n,
            reported=skill,
        )
        state, answer = mechanism.respond(state=state, query=query, parameters=parameters, rng=rng)
        answers.append(answer)
        if answer.accepted:
            incumbent = model
    heard = signal(answers)
    last = np.flatnonzero(heard == heard.max())[-1]
    return float(right[:, last].mean() - skill)


def best_of_k_theory(*, n: int, k: int, skill: float = SKILL, correlation: float = 0.0) -> float:
    """Return sd sqrt(1 - rho) E[max of k normals], sd = sqrt(p(1-p)/n): under exact answers."""
    largest, _ = quad(lambda x: x * k * sps.norm.pdf(x) * sps.norm.cdf(x) ** (k - 1), -12, 12)
    return float(np.sqrt(skill * (1 - skill) / n * (1 - correlation)) * largest)
