"""What a round's plan may say: refused in words, with the field, before anything is fixed."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from stats.drawing import MIN_ITEMS
from stats.ledger import MAX_QUERIES
from stats.mechanisms import MECHANISMS
from vault import conveyor
from vault.errors import PlanError
from vault.holdout_kinds import NEEDS_PERIOD, WITHOUT_LABELS, decides
from vault.models import Holdout, Round, Team
from vault.sealing import envelope_states
from vault.statuses import HoldoutStatus, PublicationKind, RoundStatus

# A form says "now" when it is opened; people fill it in, and read a preview.
LATE = dt.timedelta(hours=1)
# Of a mechanism: below this a grid has more steps than can be counted.
MIN_PARAMETER = 1e-6
# A year with a digit too many.
MAX_DURATION = dt.timedelta(days=365_250)


def check(
    *, round: Round, fresh_holdouts: Sequence[Holdout], references: Sequence[Team], now: dt.datetime
) -> dict[str, Any]:
    """Refuse what cannot be planned; else all of the mechanism's parameters. Writes nothing.

    The round is not saved, and may lack its number, its panel and parameters that have a default.
    """
    _check_times(opens_at=round.opens_at, closes_at=round.closes_at, now=now)
    if round.total_limit > MAX_QUERIES:
        raise PlanError(
            f"a team has at most {MAX_QUERIES:,} queries in a round, more than anybody asks: "
            f"{round.total_limit:,} is too many",
            field="total_limit",
        )
    if round.window_limit > round.total_limit:
        raise PlanError(
            f"a window cannot have more queries than the round: a team has {round.total_limit:,} in the "
            f"round, so give at most {round.total_limit:,} here",
            field="window_limit",
        )
    for team in references:
        if not (team.is_reference and team.is_active):
            raise PlanError(f"the team {team.name} is no active reference team", field="references")
    if len({team.pk for team in references}) != len(references):
        raise PlanError("a reference is named twice", field="references")
    complete = _parameters(mechanism=round.mechanism, parameters=round.parameters)
    if round.publication not in PublicationKind.values:
        raise PlanError("a publication is coarse or full", field="publication")
    _check_holdouts(round, fresh_holdouts)
    return complete


def _check_times(*, opens_at: dt.datetime, closes_at: dt.datetime, now: dt.datetime) -> None:
    if closes_at <= now:
        raise PlanError(_past("close", closes_at, now), field="closes_at")
    if opens_at < now - LATE:
        raise PlanError(_past("open", opens_at, now), field="opens_at")
    if opens_at >= closes_at:
        raise PlanError("the round must close after it opens", field="closes_at")
    if closes_at - now > MAX_DURATION:
        raise PlanError("the round would close in more than a thousand years", field="closes_at")


def _past(act: str, time: dt.datetime, now: dt.datetime) -> str:
    at, current = (f"{each.astimezone(dt.UTC):%Y-%m-%d %H:%M}" for each in (time, now))
    return f"the round would {act} in the past, at {at}: it is {current} now, and all times are UTC"


def _parameters(*, mechanism: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Add the mechanism's defaults for those that are left out."""
    if mechanism not in MECHANISMS:
        raise PlanError(f"there is no mechanism {mechanism!r}", field="mechanism")
    for name, value in parameters.items():
        if isinstance(value, float) and 0 < abs(value) < MIN_PARAMETER:
            raise PlanError(
                f"the parameter {name} is {value:g}, and what is not 0 is at least {MIN_PARAMETER:g}",
                field="parameters",
            )
    try:
        return MECHANISMS[mechanism].parameters(**parameters)
    except (TypeError, ValueError) as error:
        raise PlanError(f"mechanism {mechanism}: {error}", field="parameters") from None


def _check_envelopes(*holdouts: Holdout, field: str) -> None:
    """Refuse labels that came in an envelope into which nobody has looked yet."""
    if problem := envelope_states.not_usable(holdouts=holdouts):
        raise PlanError(f"a holdout cannot serve: {problem}", field=field)


def _check_holdouts(round: Round, fresh_holdouts: Sequence[Holdout]) -> None:
    query_holdout = round.query_holdout
    if any(each.benchmark_id != round.benchmark_id for each in (query_holdout, *fresh_holdouts)):
        raise PlanError("a holdout belongs to another benchmark", field="query_holdout")
    _check_envelopes(query_holdout, field="query_holdout")
    _check_envelopes(*fresh_holdouts, field="fresh_holdouts")
    if query_holdout.status != HoldoutStatus.QUERY or not decides(query_holdout.kind):
        raise PlanError(
            "the query holdout is an iid holdout in status QUERY", field="query_holdout"
        )
    if any(each.status != HoldoutStatus.FRESH for each in fresh_holdouts):
        raise PlanError("a fresh holdout is in status FRESH", field="fresh_holdouts")
    # Small holdouts may have been sealed before sealing itself refused them.
    deciding = [("fresh_holdouts", each) for each in fresh_holdouts if decides(each.kind)]
    for field, each in [("query_holdout", query_holdout), *deciding]:
        if each.n_items < MIN_ITEMS:
            raise PlanError(
                f"an iid holdout needs at least {MIN_ITEMS} items to decide a verdict, and this one "
                f"has {each.n_items}: seal a larger one",
                field=field,
            )
    _check_later(round, fresh_holdouts)
    _check_awaited(fresh_holdouts)
    serving = Round.objects.filter(query_holdout=query_holdout)
    if serving.exclude(status__in=(RoundStatus.PUBLISHED, RoundStatus.CANCELLED)).exists():
        raise PlanError("the query holdout serves another round", field="query_holdout")
    _check_auditable(round, fresh_holdouts)


def _check_auditable(round: Round, fresh_holdouts: Sequence[Holdout]) -> None:
    """Hold iid shards to the query holdout's draw and to one audit, and the plan to what it says."""
    field = "fresh_holdouts"
    judges = [each for each in fresh_holdouts if decides(each.kind)]
    if any(each.batch != round.query_holdout.batch for each in judges):
        raise PlanError(
            "a fresh iid holdout is of another draw than the query holdout: only shards of one label file "
            "can be compared, so choose one of the same draw",
            field=field,
        )
    _check_untold(judges)
    if judges and round.unaudited:
        raise PlanError(
            "an unaudited round opens no fresh iid holdout: leave it for a round that is audited",
            field=field,
        )
    if not judges and not round.unaudited:
        raise PlanError(
            f"{conveyor.NOT_AUDITABLE}; or say that the round is unaudited", field=field
        )


def _check_untold(judges: Sequence[Holdout]) -> None:
    opened = conveyor.opened(holdouts=judges)
    planned_for = Round.objects.exclude(status__in=conveyor.OVER)
    for each in judges:
        name = str(each.pk)[:8]
        if each.pk in opened:
            raise PlanError(
                f"an audit has opened the fresh iid holdout {name} before: it can answer queries, and no "
                "longer judge",
                field="fresh_holdouts",
            )
        other = planned_for.filter(fresh_holdouts=each).exclude(query_holdout=each).first()
        if other is not None:
            raise PlanError(
                f"the fresh iid holdout {name} is that of {other}, whose audit opens it",
                field="fresh_holdouts",
            )


def _check_later(round: Round, fresh_holdouts: Sequence[Holdout]) -> None:
    """Refuse a later period that is not later than the items that answer queries."""
    answered_until = round.query_holdout.period_end
    for each in fresh_holdouts:
        if each.kind not in NEEDS_PERIOD or each.period_start is None or answered_until is None:
            continue
        if each.period_start <= answered_until:
            raise PlanError(
                f"the {each.kind} holdout begins on {each.period_start}, and the query holdout's items go up "
                f"to {answered_until}: choose one of a later period",
                field="fresh_holdouts",
            )


def _check_awaited(fresh_holdouts: Sequence[Holdout]) -> None:
    """Refuse items that another round's finals answer: labels come for those that were locked first."""
    awaited = [each for each in fresh_holdouts if each.kind in WITHOUT_LABELS]
    other = (
        Round.objects.filter(fresh_holdouts__in=awaited)
        .exclude(status=RoundStatus.CANCELLED)
        .first()
    )
    if other is not None:
        raise PlanError(
            f"a prospective holdout belongs to one round, and this one to round {other.number}",
            field="fresh_holdouts",
        )
