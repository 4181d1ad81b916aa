"""In which order a round's references are frozen when it opens: the first is the baseline."""

from django.db.models import QuerySet

from vault import sentences
from vault.models import Round, Submission
from vault.statuses import SubmissionStatus


def scored(*, round: Round) -> QuerySet[Submission]:
    """Find the files that would be frozen, with their teams, as they were submitted."""
    found = Submission.objects.filter(
        round=round, team__is_reference=True, status=SubmissionStatus.SCORED
    )
    return found.select_related("team").order_by("submitted_at", "pk")


def in_order(*, round: Round) -> list[Submission]:
    """Sort the scored files by the plan's order of their teams, those of others last; then as submitted."""
    places = {team_id: place for place, team_id in enumerate(round.named_references)}
    return sorted(scored(round=round), key=lambda each: places.get(each.team_id, len(places)))


def said(*, files: list[Submission]) -> str:
    """Name the baseline, and the first file of each reference with how many of its files follow."""
    if not files:
        return "No reference has a scored file yet."
    of_team: dict[str, list[Submission]] = {}
    for each in files:
        of_team.setdefault(each.team.name, []).append(each)
    names = []
    for own in of_team.values():
        n = len(own) - 1
        more = f", and {sentences.counted(n=n, noun='more file')} of it follow{'s'[: n == 1]}"
        names.append(name_of(file=own[0]) + (more if n else ""))
    first, *others = names
    then = f" Then {'; '.join(others)}." if others else ""
    return f"The baseline is {first}.{then}"


def name_of(*, file: Submission) -> str:
    """Name a reference's file as every page does: the team, the number of the file, and the model."""
    model = f" ({file.model_name})" if file.model_name else ""
    return f"{file.team.name}, file {file.sequence}{model}"
