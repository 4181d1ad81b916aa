"""Whether anybody has seen how a round's files do on fresh labels: the journal decides.

Once a fresh label was opened for a round, by an interim audit too, nothing may be changed any more that could
let somebody profit from it.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from vault.errors import ActError
from vault.models import JournalEntry, Round


def entries(*, benchmark_ids: Iterable[int]) -> QuerySet[JournalEntry]:
    """Select the openings of labels by which anybody can have learned something.

    Not those of a correction, which opens every holdout of a draw to seal it again, and tells nothing of it.
    """
    opened = JournalEntry.objects.filter(benchmark__in=benchmark_ids, kind="open_labels")
    return opened.exclude(payload__contains='"reason":{"correction":')


def check_none(*, round: Round, act: str) -> None:
    """Refuse an act that is possible only while none of the round's fresh labels was opened.

    Openings before the round was planned were an earlier round's, whose files are not this one's.
    """
    planned = JournalEntry.objects.filter(
        benchmark=round.benchmark_id,
        kind="round_planned",
        payload__contains=f'"round":{round.number},',
    )
    since = planned.values_list("sequence", flat=True).first() or 0
    opened = entries(benchmark_ids=[round.benchmark_id]).filter(sequence__gt=since)
    for holdout_id in round.fresh_holdouts.values_list("pk", flat=True):
        entry = opened.filter(payload__contains=f'"holdout":"{holdout_id}"').first()
        if entry is not None:
            raise ActError(
                f"{act} only while no fresh label was opened, and the journal's entry {entry.sequence} "
                f"of {entry.at:%Y-%m-%d %H:%M} UTC opened some of {round}"
            )
