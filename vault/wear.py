"""How worn a holdout is: all that it ever told, against what it was reserved for and what it was planned for.

A gauge: it warns, and never stops a release. What stops is an admission beyond the plan (`vault.budget`).
"""

from collections import Counter
from dataclasses import dataclass

from vault import holdout_ledger
from vault.models import Admission, Holdout, Release, Round
from vault.statuses import RoundStatus

# Of what was reserved.
SOON, ALL = 0.8, 1.0
# While these are, all that a query holdout told is still growing.
ANSWERING = (RoundStatus.OPEN, RoundStatus.CLOSING)


@dataclass(frozen=True, kw_only=True)
class Wear:
    """
    Nats of one holdout over all its rounds.

    `told` is what nothing was reserved for: publications while it was fresh, displayed references, answers
    that corrections superseded. `answered` is what the answers that count can have told, `reserved` what
    those to all that were admitted may tell. `planned` is what the latest plan allowed, everything told
    before it included; None: there is no plan, or an old one.
    """

    n_items: int
    told: float
    answered: float
    reserved: float
    planned: float | None

    @property
    def used(self) -> float:
        """Everything that it ever told."""
        return self.told + self.answered

    @property
    def committed(self) -> float:
        """Everything that it told or may still tell to those who are admitted."""
        return self.told + self.reserved

    @property
    def share(self) -> float:
        """Of what was reserved, how much is used; 0 where nothing was.

        `told` counts on neither side: what an earlier round's publication told would look like nearly all
        of it before anybody asks.
        """
        return self.answered / self.reserved if self.reserved else 0.0

    @property
    def per_item(self) -> float:
        """How many nats were told for each item; all of a binary label are ln 2."""
        return self.used / self.n_items

    @property
    def line(self) -> str:
        """Say it in one line."""
        line = (
            f"{self.share:.0%} of what was reserved: {self.answered:,.1f} of {self.reserved:,.1f} nats; "
            f"all that it ever told: {self.used:,.1f} nats, {self.per_item:.3g} for each of "
            f"{self.n_items:,} items"
        )
        return line if self.planned is None else f"{line}; planned for {self.planned:,.1f} nats"

    @property
    def warning(self) -> str:
        """Warn from 80 % on; empty before."""
        if self.share < SOON:
            return ""
        used = (
            "All that was reserved is used"
            if self.share >= ALL
            else "Nearly all that was reserved is used"
        )
        return f"{used}: {self.line}. Releases go on, and no bound of the round changes."


def wear_of(*, holdout: Holdout) -> Wear:
    """Add up a holdout's whole ledger: answers of all its rounds, and what everybody was told."""
    rounds = Round.objects.filter(query_holdout=holdout).exclude(status=RoundStatus.CANCELLED)
    superseded = holdout_ledger.superseded_nats(holdout=holdout)
    latest = rounds.order_by("-number").values_list("planned_nats", flat=True).first()
    return Wear(
        n_items=holdout.n_items,
        told=holdout_ledger.told_nats(holdout=holdout) + superseded,
        answered=sum(
            _answered(each) for each in rounds.select_related("benchmark", "query_holdout")
        ),
        reserved=holdout_ledger.reserved_nats(holdout=holdout),
        planned=latest,
    )


def _answered(round: Round) -> float:
    """Sum what each team's answers can have told it; who is blind was answered nothing."""
    seeing = Admission.objects.filter(round=round, is_blind=False)
    answers = Release.objects.filter(
        submission__round=round,
        submission__team__in=seeing.values("team"),
        transcript=round.transcript,
    ).exclude(outcome=Release.Outcome.BLIND)
    n_of_team = Counter(answers.values_list("submission__team", flat=True))
    account = holdout_ledger.account_of(round=round)
    # Many teams have asked as often.
    return sum(n * account.nats(k=k) for k, n in Counter(n_of_team.values()).items())
