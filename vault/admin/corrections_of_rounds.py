"""What an organizer puts right in a round that was announced: its end, a team's queries, who may be late.

Everybody reads each act with its reason (`vault.notices`), and each page says first what follows.
"""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from stats.ledger import MAX_QUERIES
from vault import (
    accepting_late,
    deadlines,
    late_allowances,
    more_queries,
    repeated_audits,
    sentences,
)
from vault import (
    notices as posted,
)
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.baselines import may_open
from vault.admin.pages import NAT, NOTHING, Table, link, minute, moment, offer
from vault.models import Admission, CorrectionRequest, Round, Team
from vault.statuses import RoundStatus

READ = "Everybody reads it in the list of rounds."


class DeadlineForm(ActForm):
    closes_at = forms.SplitDateTimeField(
        widget=AdminSplitDateTime, label="New end", help_text="UTC. Later than the announced one."
    )
    reason = reason_field(READ)


class QueriesForm(ActForm):
    team = forms.ModelChoiceField(queryset=Team.objects.none())
    k = forms.IntegerField(
        min_value=1,
        max_value=MAX_QUERIES,
        label="Queries in all",
        help_text="Those that it has, and the further ones.",
    )
    reason = reason_field(READ)

    def prepare(self, target: Round) -> None:
        admitted = Admission.objects.filter(round=target).select_related("team")
        k = {each.team_id: each.k for each in admitted}
        teams = Team.objects.filter(pk__in=k).order_by("name")
        offer(self, "team", teams, label=lambda team: f"{team} ({k[team.pk]:,} now)")


class LateForm(ActForm):
    team = forms.ModelChoiceField(queryset=Team.objects.none())
    n_queries = forms.IntegerField(
        min_value=1, initial=1, label="Late queries", help_text="Files that it may still hand in."
    )
    until = forms.SplitDateTimeField(
        widget=AdminSplitDateTime,
        help_text="UTC, at most 366 days after the round's end. The round does not close before, unless they "
        "are used.",
    )
    reason = reason_field(READ)

    def prepare(self, target: Round) -> None:
        competing = Team.objects.filter(admissions__round=target, is_active=True)
        offer(self, "team", competing.order_by("name"))


class RepeatForm(ActForm):
    reason = reason_field(READ)


class WithdrawLateForm(ActForm):
    team = forms.ModelChoiceField(queryset=Team.objects.none())
    reason = reason_field(READ)

    def prepare(self, target: Round) -> None:
        offer(self, "team", _allowed(target).order_by("name"))


def _allowed(round: Round) -> QuerySet[Team]:
    """Select the teams whose last allowance can still be withdrawn."""
    last = {each.team_id: each for each in round.late_allowances.order_by("pk")}
    now = timezone.now()
    return Team.objects.filter(pk__in=[pk for pk, each in last.items() if each.until > now])


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.user.get_username(), "now": timezone.now()}


def _move(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    deadlines.move(round=round, **values, **_by(request))
    for each in deadlines.waiting_for(round=round, closes_at=round.closes_at):
        messages.warning(
            request,
            f"Round {each.number} was announced to open at {minute(each.opens_at)}: it opens once this "
            "one has stopped receiving.",
        )
    return Done(message=f"The end of {round} is now {minute(round.closes_at)}.")


def _give(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    more_queries.give(round=round, **values, **_by(request))
    return Done(message=f"The team {values['team']} has {values['k']:,} queries in {round}.")


def _allow(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    accepting_late.allow(round=round, **values, **_by(request))
    queries = sentences.counted(n=values["n_queries"], noun="file")
    return Done(
        message=f"The team {values['team']} may hand in {queries} late, until {minute(values['until'])}."
    )


def _withdraw(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    accepting_late.withdraw(round=round, **values, **_by(request))
    return Done(message=f"The team {values['team']} hands in nothing late any more.")


def _explained_move(round: Round) -> str:
    following = deadlines.following(round=round)
    after = "".join(
        f" Round {each.number} is planned from {minute(each.opens_at)} to {minute(each.closes_at)}: it "
        "opens once this one has stopped receiving, and the new end must lie before its own."
        for each in following
    )
    return (
        f"The announced end is {minute(round.closes_at)}. Teams hand in, declare and withdraw until the new "
        "one; no budget grows, and windows roll on. It can only be moved to a later time, while the round "
        "has not stopped receiving and no fresh label was opened. This cannot be taken back: an end is not "
        f"moved to an earlier time, but a round can be closed by hand.{after}"
    )


def _repeat(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    repeated_audits.ask(round=round, **values, **_by(request))
    return Done(
        message=f"The audit worker was asked to audit {round} again. Reload to see its run."
    )


def _explained_repeat(round: Round) -> str:
    if why := repeated_audits.obstacle(round=round):
        return f"This is refused: {why}."
    waits = repeated_audits.waits_for(round=round, now=timezone.now())
    when = "It begins within a minute."
    if waits is not None:
        is_planned = waits.status == RoundStatus.PLANNED
        asked, ends = ("is to be", ", or is cancelled") if is_planned else ("is", "")
        when = (
            f"It waits until round {waits.number}, which {asked} asked on the same labels, takes no more "
            f"files{ends}."
        )
    stays = (
        "What was published stays; the API lists the new run beside it, with every verdict and rounded "
        "figure that would be another, and other figures are counted in the holdout's ledger."
        if round.status == RoundStatus.PUBLISHED
        else "Publishing this round then publishes the last of its runs."
    )
    return (
        "The audit worker opens the same labels again, also retired ones, and each opening is journaled. The "
        "run stands beside the earlier ones: it has the same seed and the same files, so its findings are "
        f"equal unless labels or the code of the audit are others by now. {when} {stays} A run that was made "
        "is not removed."
    )


def _may_move(round: Round) -> bool:
    return not deadlines.obstacle(round=round, now=timezone.now())


def _takes_queries(round: Round) -> bool:
    is_open = round.status == RoundStatus.OPEN and timezone.now() < round.closes_at
    return is_open or may_open(round)


CORRECTING_ACTS = (
    Act(
        name="move-deadline",
        label="Move the deadline",
        explain=_explained_move,
        is_open=_may_move,
        when="while a round is PLANNED or OPEN and its end has not passed",
        run=_move,
        form=DeadlineForm,
        for_good="Move the end for good",
    ),
    Act(
        name="more-queries",
        label="Give a team more queries",
        explanation="The team can use them at once, in the windows of the round. What their answers can "
        f"tell of the labels at most is reserved anew, in nats ({NAT}); of a blind team nothing is. "
        "Everybody reads that it has more, by its name once it is on the board. This cannot be taken back: "
        "queries that were given stay.",
        is_open=_takes_queries,
        when="while a round is PLANNED or OPEN and its end has not passed",
        run=_give,
        form=QueriesForm,
        for_good="Give these queries for good",
    ),
    Act(
        name="accept-late",
        label="Let a team hand in late",
        explanation="After the round's end this team alone may hand in so many files, until the time that "
        "you give, and declare its final until then. The files are marked as late, on the board too. All "
        "others wait: the round stays CLOSING, so that finals do not lock and its audit does not begin, "
        "until the time has passed, the queries are used or you withdraw them. A team that declared a final "
        "before keeps the time to declare a late file. What the answers can tell is reserved, and stays so. "
        "Late files that were scored cannot be taken back, and once finals are locked nobody is let in.",
        is_open=lambda round: round.status in late_allowances.NOT_LOCKED,
        when="while a round is OPEN or CLOSING",
        run=_allow,
        form=LateForm,
    ),
    Act(
        name="withdraw-late",
        label="Withdraw late queries",
        explanation="The team hands in nothing late any more. What it has handed in stays, is scored and "
        "counts; what was reserved for it stays reserved. If nobody else is waited for, the round closes.",
        is_open=lambda round: (
            round.status in late_allowances.NOT_LOCKED and _allowed(round).exists()
        ),
        when="while a round is OPEN or CLOSING and a team may hand in late",
        run=_withdraw,
        form=WithdrawLateForm,
    ),
    Act(
        name="repeat-audit",
        label="Repeat the audit",
        explain=_explained_repeat,
        is_open=lambda round: round.status in repeated_audits.AUDITED,
        when="while a round is AUDITED or PUBLISHED",
        run=_repeat,
        form=RepeatForm,
    ),
)


def notices(round: Round) -> list[Table]:
    """List what was changed, as everybody reads it, with who did it."""
    rows = sorted([*_posted(round), *_merged(round), *_corrected(round)], key=lambda row: row[0])
    header = ("At", "Act", "Team", "Before", "After", "By", "Reason")
    shown = [(moment(at), *cells) for at, *cells in rows]
    return [Table(heading="Changes", header=header, rows=shown)] if shown else []


def _posted(round: Round) -> list[tuple[Any, ...]]:
    return [
        (
            each.at,
            each.get_kind_display(),
            link(each.team),
            _said(each.before),
            _said(each.after),
            each.actor,
            each.reason,
        )
        for each in round.notices.select_related("team").order_by("pk")
    ]


def _merged(round: Round) -> list[tuple[Any, ...]]:
    merges = round.merges.select_related("absorbed", "kept").order_by("pk")
    return [
        (
            each.at,
            "teams merged",
            link(each.absorbed),
            NOTHING,
            link(each.kept),
            each.actor,
            each.reason,
        )
        for each in merges
    ]


def _corrected(round: Round) -> list[tuple[Any, ...]]:
    asked = CorrectionRequest.objects.filter(batch=round.query_holdout.batch)
    by = dict(asked.exclude(done_at=None).values_list("done_at", "actor"))
    return [
        (
            each.arrived_at,
            "labels corrected",
            NOTHING,
            *map(_said, posted.before_and_after(round=round, version=each)),
            by.get(each.arrived_at, NOTHING),
            each.reason,
        )
        for each in posted.corrections(round=round)
    ]


def _said(value: dict[str, Any] | None) -> str:
    """Write what a notice keeps as people read it."""
    parts = [
        # What is not yet is since when a transcript counts.
        "being scored again" if each is None else f"{name.replace('_', ' ')} {_word(each)}"
        for name, each in (value or {}).items()
    ]
    return ", ".join(parts) or NOTHING


def _word(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    try:
        return minute(dt.datetime.fromisoformat(value))
    except ValueError:
        return str(value)
