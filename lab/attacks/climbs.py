"""Climbing and probing: small changes of the own best, kept when the answer is better.

Formulas: docs/method.md, "Climbs and probes".
"""

import numpy as np

from lab.attacks.arena import Arena, Codes
from lab.attacks.votes import composed, signal


def hill_climb(arena: Arena, k: int, rng: np.random.Generator, *, h: int = 25) -> Codes:
    """Turn h random contested answers of the incumbent; go on from there if that was an improvement."""
    task, account = arena.task, arena.account()
    best = task.baseline.copy()
    account.ask(best)
    for _ in range(k - 1):
        trial = best.copy()
        where = rng.choice(task.where_to_play, size=min(h, len(task.where_to_play)), replace=False)
        trial[where] ^= 1
        if account.ask(trial).accepted:
            best = trial
    return best


def probe(arena: Arena, k: int, rng: np.random.Generator) -> Codes:
    """Change one answer at a time: two exact scores differ by a label. Gain k/(2n) from a coin flip."""
    task, account = arena.task, arena.account()
    final = task.baseline.copy()
    before = account.ask(final)
    for position in rng.permutation(task.where_to_play)[: k - 1]:
        trial = final.copy()
        trial[position] ^= 1
        after = account.ask(trial)
        if signal([after])[0] > signal([before])[0] or after.outcome == "improved":
            final, before = trial, after
    return final


def near_duplicates(
    arena: Arena, k: int, rng: np.random.Generator, *, copies: int = 5, edits: int = 3
) -> Codes:
    """Ask each vote several times with a few answers edited, to average a mechanism's noise away."""
    task, account = arena.task, arena.account()
    votes = task.votes(max(1, k // copies), rng)
    heard = []
    for vote in votes:
        answers = []
        for _ in range(copies):
            edited = vote.copy()
            edited[rng.choice(task.where_to_play, size=edits, replace=False)] ^= 1
            answers.append(account.ask(edited))
        heard.append(signal(answers).mean())
    weights = np.array(heard)
    return composed(task, votes, weights - weights.mean())


def probe_theory(*, n: int, k: int, contested: float = 1.0) -> float:
    """Return k/(2n): every probed label is known, half of them were right already."""
    return min(k, contested * n) / (2 * n)
