"""The files of references on a round's page: how far each is, and once they are frozen in which order."""

from vault import fit_to_score
from vault.admin.pages import NOTHING, Table, figure, link, table
from vault.models import Release, Round, Submission
from vault.references import doubts as reference_doubts
from vault.references import order as reference_order
from vault.references import scores as reference_scores
from vault.statuses import NEVER_OPENED


def references(round: Round) -> Table:
    """List all files that were handed in, the frozen ones first in their order; those that failed stay."""
    places = dict(round.references.values_list("submission", "position"))
    received = Submission.objects.filter(round=round, team__is_reference=True)
    files = sorted(
        received.select_related("team").order_by("submitted_at", "pk"),
        key=lambda each: places.get(each.pk, len(places)),
    )
    answers = Release.objects.filter(submission__in=files, transcript=round.transcript)
    values = dict(answers.values_list("submission", "value"))
    score = "Score, rounded" if round.status in NEVER_OPENED else "Score, as released"
    heading = "References"
    if not places:
        heading += (
            " (one that matches every label is refused: it is the label file, and no baseline)"
        )
    doubted = reference_doubts.doubted(round=round)

    def told(file: Submission) -> str:
        value = values.get(file.pk)
        return figure(reference_scores.told(value=value, round=round, team=file.team))

    def state(file: Submission) -> str:
        """Give its status, and of a file that failed, or that is doubted, why."""
        status = "frozen" if file.pk in places else str(file.status)
        reason = fit_to_score.MEANINGS.get(file.error_code, file.error_code)
        if str(file.pk) in doubted:
            reason = reference_doubts.SAID
        return f"{status}: {reason}" if reason else status

    return table(
        heading,
        files,
        {
            "Position": lambda file: places.get(file.pk, NOTHING),
            "File": lambda file: link(file, reference_order.name_of(file=file)),
            score: told,
            "Status": state,
        },
        empty="No reference has handed in a file.",
    )


def order_of(round: Round) -> str:
    """Say in which order the plan takes the files, and which of them is doubted."""
    order = reference_order.said(files=reference_order.in_order(round=round))
    return f"{order} {reference_doubts.warning(round=round)}".rstrip()
