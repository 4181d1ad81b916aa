"""Made-up tasks whose metric is no share of right answers, and honest teams on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.leagues.league import League
from stats.accusation import Contestant
from stats.draw import draw
from stats.metrics import Scorer
from stats.scored_files import Files, score_files
from stats.split_scores import SplitScore, split_score

Predictions = NDArray[np.generic]
RARE_CLASSES = (0.60, 0.25, 0.10, 0.03, 0.015, 0.005)
N_REFERENCES = 3


@dataclass(frozen=True, kw_only=True)
class Task:
    """Labels of n query and m fresh items, and the metric."""

    scorer: Scorer
    labels: NDArray[np.generic]
    n: int

    @property
    def split(self) -> SplitScore:
        return split_score(scorer=self.scorer, labels=self.labels)

    def files(self, predictions: Sequence[Predictions]) -> Files:
        """Score prediction files as the judge takes them."""
        return score_files(
            scorer=self.scorer,
            split=self.split,
            labels=self.labels,
            predictions=predictions,
            n=self.n,
        )

    def league(
        self, *, teams: Sequence[Sequence[Predictions]], references: Sequence[Predictions]
    ) -> League:
        """Make a league of teams whose finals are the best released."""
        entries = [self.files(each) for each in teams]
        return League(
            contestants=[
                Contestant(files=each, final=int(np.argmax(each.query_exact))) for each in entries
            ],
            references=self.files(references),
            drawn=draw(n=self.n, m=len(self.labels) - self.n),
            score=self.split,
            unit=self.scorer.unit,
        )


def rare_classes(
    rng: np.random.Generator, *, metric: str, n: int, m: int, k: int, n_teams: int
) -> League:
    """Draw six classes, the rarest of 1 in 200: models are right more or less often, else guess."""
    labels = rng.choice(len(RARE_CLASSES), size=n + m, p=RARE_CLASSES)
    task = Task(scorer=Scorer(metric=metric, n_classes=len(RARE_CLASSES)), labels=labels, n=n)

    def model(skill: float) -> Predictions:
        guesses = rng.choice(len(RARE_CLASSES), size=n + m, p=RARE_CLASSES)
        return np.where(rng.random(n + m) < skill, labels, guesses)

    teams = [[model(skill) for skill in np.linspace(0.6, 0.66, k)] for _ in range(n_teams)]
    return task.league(teams=teams, references=[model(0.6) for _ in range(N_REFERENCES)])


def probabilities(
    rng: np.random.Generator,
    *,
    metric: str,
    prevalence: float,
    n: int,
    m: int,
    k: int,
    n_teams: int,
) -> League:
    """Draw two classes: models see one signal, each file with noise of its own."""
    labels = (rng.random(n + m) < prevalence).astype(np.int64)
    task = Task(scorer=Scorer(metric=metric, n_classes=2), labels=labels, n=n)
    signal = np.where(labels == 1, 1.0, -1.0) + rng.normal(0, 1.2, n + m)

    def model(skill: float, noise: NDArray[np.float64]) -> Predictions:
        own = noise + rng.normal(0, 0.4, n + m)
        return 1 / (1 + np.exp(-(skill * signal + own)))

    def team() -> list[Predictions]:
        noise = rng.normal(0, 0.8, n + m)
        return [model(skill, noise) for skill in np.linspace(0.8, 1.0, k)]

    references = [model(0.8, rng.normal(0, 0.8, n + m)) for _ in range(N_REFERENCES)]
    return task.league(teams=[team() for _ in range(n_teams)], references=references)


def heavy_tails(
    rng: np.random.Generator, *, metric: str, n: int, m: int, k: int, n_teams: int
) -> League:
    """Draw a regression whose errors have Student's t with 2.5 degrees of freedom, capped at 20."""
    labels = rng.standard_t(2.5, n + m)
    task = Task(scorer=Scorer(metric=metric, loss_cap=20.0), labels=labels, n=n)

    def model(quality: float) -> Predictions:
        return quality * labels + rng.normal(0, 0.5, n + m)

    teams = [[model(quality) for quality in np.linspace(0.3, 0.4, k)] for _ in range(n_teams)]
    return task.league(teams=teams, references=[model(0.3) for _ in range(N_REFERENCES)])
