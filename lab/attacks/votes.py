"""Votes: many random answers, composed by what was released about them.

None of them needs an answer before its last query, so delaying answers does not hinder them. Gains are in
accuracy, d is the contested share; the theory is for exact answers:
docs/method.md, "Wacky boosting".
"""

from collections.abc import Sequence

import numpy as np
import scipy.stats as sps

from lab.attacks.arena import Arena, Codes, Floats, Task
from stats.mechanisms import Answer


def wacky_boosting(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Take the majority of those answers that scored above chance (Blum and Hardt 2015)."""
    votes, heard = _asked(arena, k, rng)
    return composed(arena.task, votes, (heard > _chance(arena, heard)).astype(float))


def sign_flip_vote(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Do the same with the answers below chance turned around: one bit of each is used."""
    votes, heard = _asked(arena, k, rng)
    if heard.min() == heard.max():
        return arena.task.baseline.copy()  # nothing was learned
    return composed(arena.task, votes, np.sign(heard - _chance(arena, heard)))


def linear_vote(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Weight every answer by how far its score is from the mean: the best linear attack."""
    votes, heard = _asked(arena, k, rng)
    return composed(arena.task, votes, heard - heard.mean())


def contested_boosting(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Mix two solutions by random masks, weighted by how far each mix beats the solutions' mean.

    The second solution differs from the baseline on the contested items and is as good there.
    """
    task, account = arena.task, arena.account()
    second = task.baseline.copy()
    second[task.contested] ^= 1
    solutions = signal([account.ask(each) for each in (task.baseline, second)])
    masks = task.votes(max(k - 2, 0), rng)
    heard = signal([account.ask(mask) for mask in masks])
    return composed(task, masks, heard - solutions.mean())


def prior_aware(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Turn random halves of the answers; an item stays turned only if the evidence beats the prior.

    The log odds that turning item i is right grow by about 4 w_j for each vote j that turns it, w_j its
    score beyond the expected one in units of the variance of a score.
    """
    task, account = arena.task, arena.account()
    flips = rng.random((k, task.n)) < 0.5
    answers = [account.ask(np.where(flip, 1 - task.baseline, task.baseline)) for flip in flips]
    heard = signal(answers)
    # Each flip of a right answer costs 1/n, of a wrong one earns it: the score's spread is 1/(2 sqrt n).
    evidence = 4 * (heard - heard.mean()) @ (flips - 0.5)
    prior = np.log(np.clip(task.accuracy, 1e-9, 1 - 1e-9) / np.clip(1 - task.accuracy, 1e-9, 1))
    return np.where(evidence > prior, 1 - task.baseline, task.baseline).astype(np.uint8)


def composed(task: Task, votes: Codes, weights: Floats) -> Codes:
    """Compose the weighted majority on contested items; the baseline elsewhere, and where votes tie."""
    final = task.baseline.copy()
    tally = weights @ (2.0 * votes[:, task.contested] - 1.0)
    final[task.contested] = np.where(tally == 0, final[task.contested], tally > 0)
    return final


def signal(answers: Sequence[Answer]) -> Floats:
    """Return what an attacker hears: the score where there is one, else whether there was an improvement."""
    return np.array(
        [
            answer.value
            if answer.outcome == "scored" and answer.value is not None
            else float(answer.accepted)
            for answer in answers
        ]
    )


def wacky_theory(*, n: int, k: int, contested: float = 1.0) -> float:
    """Return d (Phi(sqrt(k/(pi d n))) - 1/2): gain in accuracy under exact answers."""
    return _theory(np.sqrt(k / (np.pi * contested * n)), contested)


def sign_flip_theory(*, n: int, k: int, contested: float = 1.0) -> float:
    """Return d (Phi(sqrt(2k/(pi d n))) - 1/2): gain in accuracy under exact answers."""
    return _theory(np.sqrt(2 * k / (np.pi * contested * n)), contested)


def linear_theory(*, n: int, k: int, contested: float = 1.0) -> float:
    """Return d (Phi(sqrt(k/(d n))) - 1/2): gain in accuracy under exact answers."""
    return _theory(np.sqrt(k / (contested * n)), contested)


def rounded_wacky_theory(*, n: int, k: int, digits: int) -> float:
    """Return the gain on losses rounded to `digits`: selection is loss <= 1/2 + r, r half a digit."""
    c = 10.0**-digits * np.sqrt(n)
    kept = sps.norm.cdf(c)
    mean = sps.norm.pdf(c) / kept
    return float(sps.norm.cdf(np.sqrt(k * kept) * mean / np.sqrt(n)) - 0.5)


def _theory(z: float, contested: float) -> float:
    return float(contested * (sps.norm.cdf(z) - 0.5))


def _asked(arena: Arena, k: int, rng: np.random.Generator) -> tuple[Codes, Floats]:
    account = arena.account()
    votes = arena.task.votes(k, rng)
    return votes, signal([account.ask(vote) for vote in votes])


def _chance(arena: Arena, heard: Floats) -> float:
    """Return the expected score of a random vote; what is heard of a Ladder is 0 or 1 instead."""
    return 0.5 if set(np.unique(heard)) <= {0.0, 1.0} else float(arena.task.accuracy.mean())
