"""References that are so good that they may be the label file: told to organizers before the round opens.

Only a worker sees the labels, so it is who says so, in the journal: in the transaction that releases the
score, and of references alone.
"""

import datetime as dt
import json

from vault import journal
from vault.models import JournalEntry, Round, Submission
from vault.references import order as reference_order

KIND = "reference_doubted"
SAID = "implausibly good: was the label file handed in?"


def enter(*, submission: Submission, actor: str, now: dt.datetime) -> None:
    """Write into the journal that a reference's file loses next to nothing."""
    journal.append_of_round(
        round=submission.round,
        kind=KIND,
        actor=actor,
        now=now,
        team=submission.team.name,
        submission=str(submission.pk),
    )


def doubted(*, round: Round) -> set[str]:
    """Find the ids of the round's submissions that were doubted."""
    entries = JournalEntry.objects.filter(benchmark=round.benchmark_id, kind=KIND)
    told = [json.loads(payload) for payload in entries.values_list("payload", flat=True)]
    return {each["submission"] for each in told if each["round"] == round.number}


def warning(*, round: Round) -> str:
    """Name the doubted files among those that would be frozen; empty if there are none."""
    ids = doubted(round=round)
    files = [each for each in reference_order.in_order(round=round) if str(each.pk) in ids]
    if not files:
        return ""
    names = "; ".join(reference_order.name_of(file=each) for each in files)
    return (
        f"Implausibly good: {names}. Such a file loses less than a hundredth of what the best constant "
        "answer loses, or has one item wrong: was the label file handed in? Nothing can be compared with it."
    )
