"""The files of references on a round's page: how far each is, and once they are frozen in which order."""

from typing import Any

from vault import fit_to_score
from vault.admin.pages import NOTHING, Table, link
from vault.models import Round, Submission

HEADING = (
    "References (one that matches every label is refused: it is the label file, and no baseline)"
)


def references(round: Round) -> Table:
    frozen = round.references.select_related("submission__team").order_by("position")
    if frozen:
        rows: list[tuple[Any, ...]] = [
            (
                each.position,
                link(each.submission.team),
                link(each.submission),
                each.submission.model_name or NOTHING,
                "frozen",
            )
            for each in frozen
        ]
    else:
        rows = [
            (NOTHING, link(each.team), link(each), each.model_name or NOTHING, _state(each))
            for each in Submission.objects.filter(round=round, team__is_reference=True)
            .select_related("team")
            .order_by("submitted_at", "pk")
        ]
    return Table(
        heading="References" if frozen else HEADING,
        header=("Position", "Team", "Submission", "Model", "Status"),
        rows=rows,
        empty="No reference has handed in a file.",
    )


def _state(reference: Submission) -> str:
    """Its status, and of a file that failed the reason."""
    reason = fit_to_score.MEANINGS.get(reference.error_code, reference.error_code)
    return f"{reference.status}: {reason}" if reason else str(reference.status)
