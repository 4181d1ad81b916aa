"""A large round in memory, for measuring the judge: honest teams that tweak, and attackers that vote.

Made by numbers alone, without models: what the judge costs depends on how many items files differ on, how
many files there are, and how many teams are accused.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.special
from numpy.typing import NDArray

from stats.accusation import Contestant
from stats.draw import Draw, draw
from stats.metrics import Scorer, rankings
from stats.metrics.evaluation import Evaluation
from stats.scored_files import Files
from stats.split_scores import SplitScore, split_score

Metric = Literal["accuracy", "roc_auc"]
Labels = NDArray[np.int64]
Votes = NDArray[np.bool_]
Items = NDArray[np.bool_] | NDArray[np.float32]
Contestants = dict[int, Contestant]

# Scores closer than this are equal.
TIE = 1e-9
N_ATTACKERS = 3
N_REFERENCES = 3
CONTESTED_SHARE = 0.2
# The share of right answers where all files agree, and of a team's first file elsewhere.
EASY, HARD = 0.9, 0.6
# The share of contested answers, or of the noise in probabilities, that an honest file changes.
TWEAK = 0.1
# What a vote adds to the log odds or takes from them.
STEP = 1.0
POSITIVE_SHARE = {"accuracy": 0.5, "roc_auc": 0.1}


@dataclass(frozen=True, kw_only=True)
class LargeRound:
    """What the judge is given. The first teams are the attackers; every final is a team's last file."""

    draw: Draw
    score: SplitScore
    contestants: Contestants
    references: Files


def make(
    *, metric: Metric, n_teams: int, n_files: int, n: int, m: int, rng: np.random.Generator
) -> LargeRound:
    """Draw a round of `n_teams` teams, three of them attackers, with `n_files` files each."""
    labels = (rng.random(n + m) < POSITIVE_SHARE[metric]).astype(np.int64)
    contested = np.sort(rng.permutation(n + m)[: round(CONTESTED_SHARE * (n + m))])
    makers: dict[Metric, type[_Outcomes | _Areas]] = {"accuracy": _Outcomes, "roc_auc": _Areas}
    maker = makers[metric](
        labels=labels,
        contested=contested,
        easy=rng.random(n + m) < EASY,
        noise=rng.standard_normal(n + m),
        n=n,
        rng=rng,
    )
    everybody = [
        *_coalition(maker, n_accounts=N_ATTACKERS, n_files=n_files),
        *(maker.tweaks(n_files) for _ in range(n_teams - N_ATTACKERS)),
    ]
    return LargeRound(
        draw=draw(n=n, m=m),
        score=split_score(scorer=Scorer(metric=metric, n_classes=2), labels=labels),
        contestants={
            team: Contestant(files=files, final=files.k - 1) for team, files in enumerate(everybody)
        },
        references=maker.tweaks(N_REFERENCES),
    )


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """
    Makes files.

    Parameters
    ----------
    labels : array of shape (items,)
    contested : array
        The items that an attacker votes on; of outcomes, those on which files differ at all.
    easy : array of shape (items,), bool
        Which of the other items all files get right.
    noise : array of shape (items,)
        Of the attackers' own probabilities, on the scale of log odds.
    n : int
        Query items, which come first.
    rng : numpy Generator
    """

    labels: Labels
    contested: NDArray[np.intp]
    easy: NDArray[np.bool_]
    noise: NDArray[np.float64]
    n: int
    rng: np.random.Generator

    def files(self, items: Items) -> Files:
        """Score files by the items' means, which of outcomes are the exact scores."""
        return Files(
            data=items,
            items=items,
            query_exact=items[: self.n].mean(axis=0, dtype=np.float64),
            fresh_exact=items[self.n :].mean(axis=0, dtype=np.float64),
            n=self.n,
        )


class _Outcomes(_Maker):
    """Files that are right or wrong on each item."""

    def tweaks(self, k: int) -> Files:
        """Make an honest team's first file and variants of it."""
        first = self.rng.random(len(self.contested)) < HARD
        changed = self.rng.random((len(first), k), dtype=np.float32) < TWEAK
        changed[:, 0] = False
        return self._filled(first[:, None] ^ changed)

    def voted(self, votes: Votes) -> Files:
        """Make files that say class 1 on the contested items where they vote for it, (contested, k)."""
        return self._filled(votes == (self.labels[self.contested] == 1)[:, None])

    def _filled(self, right: Votes) -> Files:
        items = np.repeat(self.easy[:, None], right.shape[1], axis=1)
        items[self.contested] = right
        return self.files(items)


class _Areas(_Maker):
    """Files of probabilities, as influence values on the area under the ROC curve."""

    def tweaks(self, k: int) -> Files:
        """Make an honest team's first file and variants of it; they differ on all items."""
        log_odds = self.labels + self.rng.standard_normal(len(self.labels))
        changes = TWEAK * self.rng.standard_normal((k, len(log_odds)))
        changes[0] = 0.0
        return self._influences(log_odds + changes)

    def voted(self, votes: Votes) -> Files:
        """Make files whose probabilities are higher on the contested items where they vote for class 1."""
        log_odds = np.repeat((self.labels + self.noise)[None, :], votes.shape[1], axis=0)
        log_odds[:, self.contested] += np.where(votes.T, STEP, -STEP)
        query, fresh = slice(self.n), slice(self.n, None)
        return replace(
            self._influences(log_odds),
            query_exact=np.array([rankings.roc_auc(self._given(query, row)) for row in log_odds]),
            fresh_exact=np.array([rankings.roc_auc(self._given(fresh, row)) for row in log_odds]),
        )

    def _influences(self, log_odds: NDArray[np.float64]) -> Files:
        """Score files without the exact areas, which take a minute to compute and cost the judge nothing."""
        items = np.empty(log_odds.T.shape, dtype=np.float32)
        for column, row in enumerate(log_odds):
            items[:, column] = rankings.roc_auc_items(self._given(slice(None), row))
        return self.files(items)

    def _given(self, part: slice, log_odds: NDArray[np.float64]) -> Evaluation:
        return Evaluation(
            labels=self.labels[part], n_classes=2, probabilities=scipy.special.expit(log_odds[part])
        )


def _coalition(maker: _Outcomes | _Areas, *, n_accounts: int, n_files: int) -> list[Files]:
    """Make an attacker's accounts: random votes, and the linear vote of all that was released to any."""
    votes = maker.rng.random((n_accounts, len(maker.contested), n_files)) < 0.5
    released = np.array([maker.voted(each).query_exact for each in votes])[:, :-1]
    weights = released - released.mean()
    tally = np.einsum("ack,ak->c", 2.0 * votes[:, :, :-1] - 1.0, weights)
    votes[:, :, -1] = tally > 0
    return [maker.voted(each) for each in votes]
