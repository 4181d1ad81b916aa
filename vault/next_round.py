"""The next round in one act: planned like the last one, its references handed in again, its teams admitted.

References link the boards of two rounds, whatever draws their holdouts are of. Their stored files answer the
same panel; where it has changed, nobody but their makers can answer it, and new files are asked for.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from vault import budget, predictions, rounds, sentences, submissions
from vault.errors import PlanError
from vault.files import canonical
from vault.models import Admission, Holdout, Panel, Round, Submission, Team
from vault.references import order as reference_order
from vault.statuses import RoundStatus
from vault.submissions import Provenance

# What is asked anew, as it cannot be what it was: dates, and the holdouts, which the conveyor chooses.
CLONED = (
    *("mechanism", "parameters", "publication", "window_seconds", "window_limit", "total_limit"),
    *("concurrent_limit", "max_teams"),
)
SHOWN = ("opens_at", "closes_at", "panel", "query_holdout", *CLONED, "unaudited")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the table: what it was, and what it would be."""

    what: str
    before: str
    then: str


@dataclass(frozen=True, kw_only=True)
class Following:
    """What is taken over from a round, beside its constants."""

    hands_in: bool
    keeps_admissions: bool


@dataclass(frozen=True, kw_only=True)
class Done:
    """The planned round, with the files that were handed in again and the teams that were admitted."""

    round: Round
    files: Sequence[Submission]
    admissions: Sequence[Admission]
    # References whose files answer another panel.
    asked_for: Sequence[str]

    @property
    def line(self) -> str:
        """Say what came along."""
        files = sentences.counted(n=len(self.files), noun="file")
        teams = sentences.counted(n=len(self.admissions), noun="team")
        lacking = ", ".join(self.asked_for)
        asked = f" A new file is asked for of {lacking}." if lacking else ""
        return f"Taken over: {files} of references, and {teams} that can ask.{asked}"


def obstacle(*, after: Round) -> str:
    """Say why no round can be planned after this one now; empty if one can."""
    if after.status not in (RoundStatus.PUBLISHED, RoundStatus.CANCELLED):
        return f"the round {after} is {after.status}: once it is published or cancelled, the next is planned"
    later = Round.objects.filter(benchmark=after.benchmark_id, number__gt=after.number)
    latest = later.order_by("-number").first()
    if latest is not None:
        return f"the round {latest} comes after it: plan the next one from there"
    return ""


def constants(*, after: Round) -> dict[str, Any]:
    """Give what a plan takes over, by the names of its fields; teams of references by name."""
    return {
        **{name: getattr(after, name) for name in CLONED},
        "benchmark": after.benchmark_id,
        "references": "\n".join(team.name for team in _teams(after)),
    }


def changes(
    *,
    after: Round,
    planned: Round,
    fresh_holdouts: Sequence[Holdout],
    references: Sequence[Team],
    following: Following,
) -> list[Change]:
    """List what would differ from the last round, and what would be taken over; nothing is saved."""
    values = [
        (name, _said(getattr(after, name)), _said(getattr(planned, name)))
        for name in SHOWN
        if getattr(after, name) != getattr(planned, name)
    ]
    values.append(("fresh_holdouts", _listed(after.fresh_holdouts.all()), _listed(fresh_holdouts)))
    before, now = (", ".join(team.name for team in each) for each in (_teams(after), references))
    values.append(("references", before or "none", now or "none"))
    found = [
        Change(what=name.replace("_", " "), before=old, then=new)
        for name, old, new in values
        if old != new
    ]
    return [*found, *_taken_over(after, planned, following, references)]


def plan(
    *, after: Round, plan: Mapping[str, Any], following: Following, actor: str, now: dt.datetime
) -> Done:
    """Plan the round, hand in its references' files again and admit its teams: all of it or nothing."""
    with transaction.atomic():
        if reason := obstacle(after=after):
            raise PlanError(reason, field="benchmark")
        if plan["benchmark"].pk != after.benchmark_id:
            raise PlanError("the next round is one of the same benchmark", field="benchmark")
        planned = rounds.plan(**plan, after=after, actor=actor, now=now)
        files: list[Submission] = []
        if following.hands_in:
            files = [
                _hand_in(each, planned, actor=actor, now=now)
                for each in _files(after, teams=plan.get("references", ()), panel=planned.panel)
            ]
        admitted = []
        if following.keeps_admissions:
            admitted = [
                _admit(each, planned, after=after, actor=actor, now=now) for each in _seats(after)
            ]
    handed_in = {each.team_id for each in files}
    return Done(
        round=planned,
        files=files,
        admissions=admitted,
        asked_for=[team.name for team in plan.get("references", ()) if team.pk not in handed_in],
    )


def _taken_over(
    after: Round, planned: Round, following: Following, references: Sequence[Team]
) -> list[Change]:
    """Say what of the last round's files and teams comes along."""
    files = _files(after, teams=references, panel=planned.panel) if following.hands_in else []
    n_before = len(_handed_in(after))
    again = f"{sentences.counted(n=len(files), noun='file')} handed in again"
    if following.hands_in and n_before > len(files):
        again += ", and new ones asked for of the others: their files answer another panel, or none is named"
    seats = _seats(after) if following.keeps_admissions else []
    n_admitted = after.admissions.count()
    return [
        Change(
            what="files of references",
            before=sentences.counted(n=n_before, noun="file"),
            then=again if following.hands_in else "to be handed in anew",
        ),
        Change(
            what="admitted teams",
            before=sentences.counted(n=n_admitted, noun="team"),
            then=f"{sentences.counted(n=len(seats), noun='team')} admitted again, in one step",
        ),
    ]


def _teams(after: Round) -> list[Team]:
    """List the active reference teams of a round, the baseline's first."""
    found = [each.team for each in _handed_in(after) if each.team.is_active]
    named = Team.objects.in_bulk(after.named_references)
    found += [named[pk] for pk in after.named_references if pk in named and named[pk].is_active]
    return list(dict.fromkeys(found))


def _handed_in(after: Round) -> list[Submission]:
    """List the frozen files of a round's references in their order; of a cancelled one those scored."""
    frozen = after.references.select_related("submission__team").order_by("position")
    files = [each.submission for each in frozen]
    return files or reference_order.in_order(round=after)


def _files(after: Round, *, teams: Sequence[Team], panel: Panel) -> list[Submission]:
    """List those files that answer the next round's panel, of references that are named for it."""
    named = {team.pk for team in teams}
    return [
        each
        for each in _handed_in(after)
        if each.panel_id == panel.pk and each.team_id in named and each.team.is_active
    ]


def _seats(after: Round) -> list[Admission]:
    """List the accounts of a round whose teams can have one in the next."""
    seats = after.admissions.filter(team__is_active=True).select_related("team")
    return list(seats.order_by("admitted_at", "pk"))


def _hand_in(file: Submission, planned: Round, *, actor: str, now: dt.datetime) -> Submission:
    taking = submissions.current_round(benchmark=planned.benchmark, team=file.team, now=now)
    if taking != planned:
        raise PlanError(
            f"references go to round {taking.number} now, the first that is planned",
            field="references",
        )
    receipt = submissions.receive(
        team=file.team,
        round=taking,
        panel=planned.panel,
        predictions=canonical.encode(predictions.load(file_key=file.file_key)),
        provenance=Provenance(model_name=file.model_name, commit=file.commit),
        now=now,
        organizer=actor,
    )
    return receipt.submission


def _admit(
    seat: Admission, planned: Round, *, after: Round, actor: str, now: dt.datetime
) -> Admission:
    """Admit as before; an account of all queries has all of the new round's, and no account has more."""
    is_whole = seat.k >= after.total_limit
    return budget.admit(
        round=planned,
        team=seat.team,
        k=None if is_whole else min(seat.k, planned.total_limit),
        is_blind=seat.is_blind,
        actor=actor,
        now=now,
    )


def _said(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, Holdout):
        return _listed([value])
    if isinstance(value, Panel):
        return f"version {value.version}, {value.n_items:,} items"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return str(value)


def _listed(holdouts: Any) -> str:
    return (
        ", ".join(
            f"{str(each.pk)[:8]}, {each.n_items:,} items, draw {str(each.batch)[:8]}"
            for each in holdouts
        )
        or "none"
    )
