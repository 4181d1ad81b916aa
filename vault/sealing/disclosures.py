"""Publishing a retired holdout, so that anybody can check its commitment: asked for first, then done.

The admin's process cannot open labels: it records the request. The audit worker opens the holdout (its
journal entry first), stores the file under the hash of its content, and moves the status together with the
row that names the file. Killed between any two steps, it does the rest when it comes again: the content is
the same each time, and what no row names is fetched by nobody.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Q

from vault import journal, locks, sentences
from vault.errors import LabelsUnavailableError, TransitionError
from vault.files import content_files
from vault.models import Benchmark, DisclosedFile, DisclosureRequest, Holdout, Round, RoundNotice
from vault.sealing import holdouts, sealed_labels
from vault.sealing.sealed_labels import Disclosure
from vault.statuses import HoldoutStatus, RoundStatus

ACTOR = "worker-audit"
DIRECTORY = "disclosed"
FORMAT = "holdout-vault-disclosure/1"
# Rounds that need no labels any more: their audit is published, or they never opened.
OVER = (RoundStatus.PUBLISHED, RoundStatus.CANCELLED)

Clock = Callable[[], dt.datetime]


def needed_by(*, holdout: Holdout) -> list[Round]:
    """List the rounds, by number, in which somebody still needs the labels to be secret, or to be there."""
    uses = Round.objects.filter(Q(query_holdout=holdout) | Q(fresh_holdouts=holdout))
    return list(uses.exclude(status__in=OVER).distinct().order_by("number"))


def repeats_waiting(*, holdout: Holdout) -> list[Round]:
    """List the rounds, by number, whose audit is to be made again on these labels, and has not been yet."""
    asked = RoundNotice.objects.filter(kind=RoundNotice.Kind.AUDIT_REPEATED)
    waiting = asked.exclude(audit_runs__status__in=("DONE", "FAILED"))
    uses = Round.objects.filter(Q(query_holdout=holdout) | Q(fresh_holdouts=holdout))
    return list(uses.filter(pk__in=waiting.values("round")).distinct().order_by("number"))


def check(*, holdout: Holdout) -> None:
    """Refuse what may not be disclosed now."""
    if holdout.status != HoldoutStatus.RETIRED:
        raise TransitionError(
            f"the holdout is {holdout.status}: only a retired holdout is disclosed"
        )
    waiting = needed_by(holdout=holdout)
    if waiting:
        named = ", ".join(f"round {each.number} ({each.status})" for each in waiting)
        raise TransitionError(
            f"the holdout is still needed by {named}: publish or cancel that first"
        )
    if repeats := repeats_waiting(holdout=holdout):
        named = ", ".join(f"round {each.number}" for each in repeats)
        raise TransitionError(
            f"the audit of {named} is to be repeated on these labels: disclose them once that is done"
        )


@transaction.atomic
def request(*, holdout: Holdout, reason: str, actor: str, now: dt.datetime) -> None:
    """Ask the audit worker to publish the labels, for a reason that everybody reads."""
    line = sentences.checked_reason(reason=reason, error=TransitionError)
    # Plans hold the same row, so no round comes to need the holdout meanwhile, and nobody asks twice.
    Benchmark.objects.select_for_update(no_key=True).get(pk=holdout.benchmark_id)
    check(holdout=Holdout.objects.get(pk=holdout.pk))
    if DisclosureRequest.objects.filter(holdout=holdout).exists():
        raise TransitionError("the disclosure of this holdout is asked for already")
    DisclosureRequest.objects.create(holdout=holdout, reason=line, actor=actor, at=now)
    journal.append(
        benchmark_id=holdout.benchmark_id,
        kind="disclosure_requested",
        actor=actor,
        payload={"holdout": str(holdout.pk), "reason": line},
        now=now,
    )


def due() -> list[uuid.UUID]:
    """List the holdouts whose disclosure is asked for and not done."""
    waiting = DisclosureRequest.objects.filter(holdout__disclosed_file=None).order_by("at")
    return list(waiting.values_list("holdout_id", flat=True))


def carry_out(*, holdout_id: uuid.UUID, clock: Clock) -> bool:
    """Publish what was asked for, once; False while another worker is at it. Not inside a transaction."""
    with locks.one_disclosure(holdout_id=holdout_id) as is_alone:
        if not is_alone:
            return False
        if DisclosedFile.objects.filter(holdout=holdout_id).exists():
            return True
        holdout = Holdout.objects.select_related("benchmark", "panel").get(pk=holdout_id)
        if not DisclosureRequest.objects.filter(holdout=holdout).exists():
            raise TransitionError("nobody has asked for the disclosure of this holdout")
        check(holdout=holdout)
        disclosed = holdouts.open_retired(holdout=holdout, actor=ACTOR, now=clock())
        # A correction may have added a version meanwhile: then what was opened is an earlier one.
        kept = holdout.versions.values_list("commitment", flat=True)
        if sealed_labels.commitment_of(disclosed) not in set(kept):
            raise LabelsUnavailableError(
                "what is sealed is not what the commitment was computed of: nothing was published"
            )
        content = file_of(holdout=holdout, disclosed=disclosed)
        sha256 = hashlib.sha256(content).hexdigest()
        key = content_files.store(
            directory=DIRECTORY, content=content, sha256=sha256, suffix=".json"
        )
        _publish(holdout, sha256=sha256, size=len(content), file_key=key, now=clock())
    return True


def file_of(*, holdout: Holdout, disclosed: Disclosure) -> bytes:
    """Write the file that docs/disclosure.md describes; of one holdout it has the same bytes each time."""
    members = {
        "format": FORMAT,
        "benchmark": holdout.benchmark.slug,
        "holdout": str(holdout.pk),
        "panel_version": holdout.panel.version,
        "panel_sha256": holdout.panel.sha256,
        "n_items": holdout.n_items,
        "commitment": sealed_labels.commitment_of(disclosed),
        "salt": disclosed.salt.hex(),
        "text": disclosed.text,
    }
    return (json.dumps(members, ensure_ascii=False, indent=1) + "\n").encode()


@transaction.atomic
def _publish(holdout: Holdout, *, sha256: str, size: int, file_key: str, now: dt.datetime) -> None:
    """Move the status, name the file and enter both: all of it, or nothing."""
    holdouts.disclose(holdout=holdout, actor=ACTOR, now=now)
    DisclosedFile.objects.create(
        holdout=holdout, sha256=sha256, size=size, file_key=file_key, at=now
    )
    journal.append(
        benchmark_id=holdout.benchmark_id,
        kind="holdout_disclosed",
        actor=ACTOR,
        payload={"holdout": str(holdout.pk), "sha256": sha256, "size": size},
        now=now,
    )
