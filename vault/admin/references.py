"""The files of references on a round's page: how far each is, and once they are frozen in which order."""

from typing import Any

from vault import fit_to_score
from vault.admin.pages import NOTHING, Table, figure, link
from vault.models import Release, Round, Submission
from vault.references import doubts as reference_doubts
from vault.references import order as reference_order
from vault.references import scores as reference_scores
from vault.statuses import NEVER_OPENED


def references(round: Round) -> Table:
    """All files that were handed in, the frozen ones first in their order; those that failed stay."""
    places = dict(round.references.values_list("submission", "position"))
    received = Submission.objects.filter(round=round, team__is_reference=True)
    files = sorted(
        received.select_related("team").order_by("submitted_at", "pk"),
        key=lambda each: places.get(each.pk, len(places)),
    )
    values = dict(Release.objects.filter(submission__in=files).values_list("submission", "value"))
    score = "Score, rounded" if round.status in NEVER_OPENED else "Score, as released"
    heading = "References"
    if not places:
        heading += (
            " (one that matches every label is refused: it is the label file, and no baseline)"
        )
    doubted = reference_doubts.doubted(round=round)
    return Table(
        heading=heading,
        header=("Position", "File", score, "Status"),
        rows=[
            (
                places.get(each.pk, NOTHING),
                link(each, reference_order.name_of(file=each)),
                figure(
                    reference_scores.told(value=values.get(each.pk), round=round, team=each.team)
                ),
                _state(each, is_frozen=each.pk in places, is_doubted=str(each.pk) in doubted),
            )
            for each in files
        ],
        empty="No reference has handed in a file.",
    )


def _state(reference: Submission, *, is_frozen: bool, is_doubted: bool) -> Any:
    """Its status, and of a file that failed, or that is doubted, why."""
    status = "frozen" if is_frozen else str(reference.status)
    reason = fit_to_score.MEANINGS.get(reference.error_code, reference.error_code)
    if is_doubted:
        reason = reference_doubts.SAID
    return f"{status}: {reason}" if reason else status
