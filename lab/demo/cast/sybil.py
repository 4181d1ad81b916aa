"""
The sybil: ten accounts of one attacker, twenty submissions each, sharing all that they are told.

Under the guarded Ladder an answer is one bit, was it accepted, and only a submission close to the
account's next threshold learns anything by it. So the attacker dials its own skill down to where
about a quarter of its random votes are accepted, climbs the grid stair by stair on every account,
and pools the bits: accepted votes speak for their labels, rejected ones against. The finals weigh
that evidence against the attacker's own model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from lab.demo.cast import models
from lab.demo.cast.ground import CONTESTED_SHARE, Ground, survey
from lab.demo.cast.models import Recipe
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.features import Table
from lab.demo.weather.series import N_QUERY, Published

N_ACCOUNTS = 10
N_SUBMISSIONS = 20
ACCEPTED_SHARE = 0.25
FIRST_DIAL = 0.4
NEXT_STAIR = 0.12  # how much more skill the next stair takes, as a first guess


@dataclass(frozen=True, kw_only=True)
class Disguise:
    """A strong model to show in part, and a weak one to hide the rest of it."""

    ground: Ground
    weak: Predictions


@dataclass(kw_only=True)
class Stair:
    """What the accounts together know about passing from one released value to the next."""

    dial: float  # share of the hidden skill that a submission shows
    accounts: list[int] = field(default_factory=list)
    votes: list[Predictions] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)

    def learn(self, *, account: int, vote: Predictions, accepted: bool) -> None:
        """Turn the dial (Robbins-Monro): it settles where the wanted share is accepted."""
        self.accounts.append(account)
        self.votes.append(vote)
        self.accepted.append(accepted)
        step = max(0.15 / len(self.votes) ** 0.7, 0.01)
        self.dial = float(np.clip(self.dial + step * (ACCEPTED_SHARE - accepted), 0.0, 1.0))


@dataclass(kw_only=True)
class Coalition:
    """The accounts' shared memory: a stair for each released value, and where each one stands."""

    disguise: Disguise
    hidden: NDArray[np.int64]  # uncontested items on which strong and weak differ, in one order
    shown: list[float | None]
    stairs: dict[float | None, Stair]

    def attempt(self, *, account: int, vote: Predictions) -> Predictions:
        predictions = self.disguise.ground.filled(values=vote)
        stair = self.stairs[self.shown[account]]
        concealed = self.hidden[round(stair.dial * len(self.hidden)) :]
        predictions[concealed] = self.disguise.weak[concealed]
        return predictions

    def hear(self, *, account: int, vote: Predictions, released: float | None) -> None:
        stair = self.stairs[self.shown[account]]
        accepted = released != self.shown[account]
        if accepted and released not in self.stairs:
            self.stairs[released] = Stair(dial=min(stair.dial + NEXT_STAIR, 1.0))
        stair.learn(account=account, vote=vote, accepted=accepted)
        self.shown[account] = released

    def final(self, *, left_out: int) -> Predictions:
        """Leave one account's bits out: no two finals are equal then, at little cost."""
        ground = self.disguise.ground
        tally: NDArray[np.float64] = np.zeros(len(ground.contested))
        for stair in self.stairs.values():
            if stair.votes:
                weights = np.array(stair.accepted, dtype=np.float64) - np.mean(stair.accepted)
                weights[np.array(stair.accounts) == left_out] = 0.0
                tally += weights @ (2.0 * np.array(stair.votes) - 1.0)
        log_odds = np.log(ground.chances / (1.0 - ground.chances)) + EVIDENCE * tally
        return ground.filled(values=(log_odds > 0).astype(np.uint8))


# Log odds that one bit adds: the votes on the contested query items have a standard deviation of
# sqrt(n)/2 items, so one right label moves a bit at acceptance share p by phi(z_p)/sqrt(n) on
# average, against a variance of p(1 - p).
EVIDENCE = float(
    2.0
    * sps.norm.pdf(sps.norm.ppf(ACCEPTED_SHARE))
    / (np.sqrt(CONTESTED_SHARE * N_QUERY) * ACCEPTED_SHARE * (1.0 - ACCEPTED_SHARE))
)


def train(*, weather: Published) -> Disguise:
    strong = Recipe(models.boosting(n_rounds=60), Table("realigned", "contrasts"))
    weak = Recipe(models.linear(), Table("published", "plain"))
    return Disguise(
        ground=survey(recipe=strong, weather=weather),
        weak=models.predictions(recipe=weak, weather=weather),
    )


def play(
    *, desks: Sequence[Desk], disguise: Disguise, rng: np.random.Generator
) -> list[Predictions]:
    """Move all accounts in step and finish with a shared vote."""
    ground = disguise.ground
    differ = np.setdiff1d(np.flatnonzero(ground.baseline != disguise.weak), ground.contested)
    coalition = Coalition(
        disguise=disguise,
        hidden=rng.permutation(differ),
        shown=[None] * len(desks),
        stairs={None: Stair(dial=FIRST_DIAL)},
    )
    for _ in range(N_SUBMISSIONS - 1):
        votes = rng.integers(0, 2, size=(len(desks), len(ground.contested)), dtype=np.uint8)
        tickets = [
            desk.submit(predictions=coalition.attempt(account=account, vote=votes[account]))
            for account, desk in enumerate(desks)
        ]
        answers = [desk.answer(ticket=ticket) for desk, ticket in zip(desks, tickets, strict=True)]
        for account, released in enumerate(answers):
            coalition.hear(account=account, vote=votes[account], released=released)
    finals = [coalition.final(left_out=(account + 1) % len(desks)) for account in range(len(desks))]
    for desk, final in zip(desks, finals, strict=True):
        ticket = desk.submit(predictions=final)
        desk.answer(ticket=ticket)
        desk.declare_final(ticket=ticket)
    return finals
