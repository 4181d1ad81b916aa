"""Submissions that this process has shown: what of them never changes need not be asked for again.

A poll reads by one prepared statement what can change. The rest (whose it is, its round, its provenance) is
fixed when a submission is received, so an answer is made from both. Of references it is not: what is shown
of them depends on their round's status, too.
"""

import copy
import threading
import uuid
from collections import OrderedDict

from vault import transcripts
from vault.api.submission_state import Polled
from vault.models import Release, Round, Submission, Team

# About two kilobytes each: they share their rounds.
MAX_KNOWN = 2000
# With their benchmarks, whose texts may be long.
MAX_ROUNDS = 100

_known: OrderedDict[uuid.UUID, Submission] = OrderedDict()
_rounds: dict[int, Round] = {}
_lock = threading.Lock()


def remember(submission: Submission, *, team: Team) -> None:
    """Keep a row that was found with its round and benchmark, unless it is a reference's."""
    if team.is_reference or submission.round.transcript != 1:
        return
    kept = copy.copy(submission)
    with _lock:
        if submission.round_id not in _rounds and len(_rounds) >= MAX_ROUNDS:
            # All at once: rows of a round that is forgotten would keep its texts alive, each its own.
            _rounds.clear()
            _known.clear()
        kept.round = _rounds.setdefault(submission.round_id, submission.round)
        _known[submission.pk] = kept
        _known.move_to_end(submission.pk)
        if len(_known) > MAX_KNOWN:
            _known.popitem(last=False)


def as_polled(latest: Polled) -> Submission | None:
    """Return the submission as it is now, if this process knows it; the caller has checked whose it is."""
    with _lock:
        known = _known.get(latest.submission_id)
    if known is None or known.round.transcript != latest.transcript:
        # Corrected labels bring answers beside the first, which are looked up.
        return None
    now = copy.copy(known)
    now.status, now.error_code = latest.status, latest.error_code
    now.finished_at = latest.finished_at
    answers = []
    if latest.outcome is not None:
        answers = [
            Release(value=latest.on_display, outcome=latest.outcome, transcript=latest.transcript)
        ]
    # A cache of its own: the copy shares what the row has kept.
    now._prefetched_objects_cache = {}  # type: ignore[attr-defined]
    transcripts.know_answers(submission=now, answers=answers)
    # The annotation of `selectors.submissions_of`.
    now.is_final = latest.is_final  # type: ignore[attr-defined]
    return now
