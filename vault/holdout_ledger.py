"""A holdout's ledger in nats: what it ever told, what it may still tell, and what it was planned for."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Count, QuerySet, Sum

from stats.ledger import Account
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import fit_to_score, merged_teams
from vault.errors import AdmissionError
from vault.models import (
    Admission,
    Benchmark,
    CorrectionRequest,
    Holdout,
    HoldoutTold,
    Release,
    Round,
    Submission,
    Team,
)
from vault.scorers import scorer_of
from vault.statuses import RoundStatus

# What a holdout tells apart from answers to teams, beside its publication.
REFERENCES = "references"


def unit_of(*, benchmark: Benchmark) -> float:
    """Give the range u of one item's value of the primary metric."""
    return scorer_of(benchmark=benchmark).unit


def account_of(*, round: Round) -> Account:
    """Say what one team may ask of the round's query holdout, for the ledger's arithmetic."""
    metric = METRICS[round.benchmark.primary_metric]
    return Account(
        mechanism=MECHANISMS[round.mechanism],
        parameters=round.parameters,
        n=round.query_holdout.n_items,
        n_effective=effective_number(holdout=round.query_holdout),
        unit=unit_of(benchmark=round.benchmark),
        is_mean=metric.is_mean,
        counts_items=metric.counts_items,
    )


def account_to_bound(*, round: Round) -> Account:
    """Say the same for a bound on errors, which may divide by no more items than still count.

    Which items of the batch corrections left out is sealed, and how many of them the holdout has would tell
    something of them, so all of them are taken to be its own.
    """
    voids = CorrectionRequest.objects.filter(
        batch=round.query_holdout.batch, what=CorrectionRequest.What.VOID, done_at__isnull=False
    )
    left_out = voids.aggregate(total=Sum("n_items", default=0))["total"]
    return dataclasses.replace(account_of(round=round), n_left_out=left_out)


def effective_number(*, holdout: Holdout) -> float | None:
    """Count the independent items that a holdout of whole groups is worth; None: drawn one by one.

    1 where groups were sealed before their sizes were kept: all items could be one group.
    """
    if not holdout.draws_groups:
        return None
    return 1.0 if holdout.n_effective is None else holdout.n_effective


def holdout_nats(*, holdout: Holdout) -> float:
    """Sum a holdout's whole ledger: the answers of all its rounds, and everything else that it told."""
    return (
        reserved_nats(holdout=holdout)
        + superseded_nats(holdout=holdout)
        + told_nats(holdout=holdout)
    )


def reserved_nats(*, holdout: Holdout) -> float:
    """Sum what the answers to all that were ever admitted may tell."""
    return total(rows=_accounts(holdout), nats="reserved_nats")


def superseded_nats(*, holdout: Holdout) -> float:
    """Sum what teams were answered before labels were corrected, and all was answered once more."""
    return total(rows=HoldoutTold.objects.filter(holdout=holdout).exclude(team=None), nats="nats")


def planned_nats(*, round: Round) -> float:
    """Compute what a round's holdout is planned for: what it told before, and all teams that may see."""
    of_teams = round.max_teams * account_of(round=round).nats(k=round.total_limit)
    return holdout_nats(holdout=round.query_holdout) + of_teams


def check_room(*, round: Round, nats: float) -> None:
    """Refuse to reserve more than the holdout was planned for; the caller holds the round's row.

    The round's own references have a limit of theirs, and are left out.
    """
    if round.planned_nats is None:
        return
    shown = HoldoutTold.objects.filter(holdout=round.query_holdout_id, round=round, what=REFERENCES)
    committed = holdout_nats(holdout=round.query_holdout) - total(rows=shown, nats="nats")
    # A sum in another order differs in its last digits.
    if committed + nats > round.planned_nats * (1 + 1e-9):
        raise AdmissionError(
            f"the holdout was planned for {round.planned_nats:,.1f} nats, {committed:,.1f} are told or "
            f"reserved, and this would take {nats:,.1f} more: it would be over-committed"
        )


def _accounts(holdout: Holdout) -> QuerySet[Admission]:
    """Select those that ask, or have asked, of it; in a cancelled round nobody did, and nobody will."""
    asking = Admission.objects.filter(round__query_holdout=holdout)
    return asking.exclude(round__status=RoundStatus.CANCELLED)


def told_nats(*, holdout: Holdout) -> float:
    """Sum what a holdout told everybody: publications while it was fresh, references on a board."""
    return total(rows=HoldoutTold.objects.filter(holdout=holdout, team=None), nats="nats")


def team_nats(*, round: Round, team: Team) -> float:
    """Sum what one team may learn of the round's query holdout: its own answers, and what all know."""
    own = _accounts(round.query_holdout).filter(merged_teams.one_with(team))
    answers = total(rows=own, nats="reserved_nats") + total(
        rows=_superseded(round, team), nats="nats"
    )
    return answers + told_nats(holdout=round.query_holdout)


def _superseded(round: Round, team: Team) -> QuerySet[HoldoutTold]:
    """Select what the team, and those that it stands for, were answered before corrections."""
    own = merged_teams.one_with(team)
    return HoldoutTold.objects.filter(own, holdout=round.query_holdout)


def answered_before(*, round: Round, team: Team) -> float:
    """Sum what a team was answered in the round before labels were corrected."""
    return total(rows=_superseded(round, team).filter(round=round), nats="nats")


def total(*, rows: QuerySet[Any], nats: str) -> float:
    """Add up a column of nats; 0 where there is no row."""
    found: float = rows.aggregate(total=Sum(nats, default=0.0))["total"]
    return found


def count_references(*, round: Round, now: dt.datetime) -> None:
    """Charge references that a board shows: everybody reads these answers, so each counts as one query.

    So does a file that was refused as the label file: that is an answer, too.
    """
    references = Submission.objects.filter(round=round, team__is_reference=True)
    n_shown = Release.objects.filter(submission__in=references, value__isnull=False).count()
    n_answered = n_shown + references.filter(error_code=fit_to_score.MATCHES_EVERY_LABEL).count()
    if n_answered:
        nats = n_answered * account_of(round=round).nats(k=1)
        HoldoutTold.objects.create(
            holdout=round.query_holdout, round=round, what=REFERENCES, nats=nats, at=now
        )


def count_superseded(*, round: Round, transcript: int, now: dt.datetime) -> None:
    """Enter what answers told that corrected labels supersede: each team can put both of them together.

    What was reserved for a team is what its queries tell once. References are everybody's to read.
    """
    account = account_of(round=round)
    earlier = Release.objects.filter(submission__round=round, transcript=transcript)
    told: list[tuple[int | None, float]] = []
    teams = earlier.filter(submission__team__is_reference=False).exclude(
        outcome=Release.Outcome.BLIND
    )
    for team_id, n in teams.values_list("submission__team").annotate(Count("pk")):
        told.append((team_id, account.nats(k=n)))
    shown = earlier.filter(submission__team__is_reference=True, value__isnull=False).count()
    if shown and round.status != RoundStatus.PLANNED:
        told.append((None, shown * account.nats(k=1)))
    HoldoutTold.objects.bulk_create(
        HoldoutTold(
            holdout=round.query_holdout,
            round=round,
            team_id=team_id,
            what=f"transcript {transcript}",
            nats=nats,
            at=now,
        )
        for team_id, nats in told
    )
