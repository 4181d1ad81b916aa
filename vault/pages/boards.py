"""The board as a page: the rows of the API's board, with references as lines through the ranking."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import holdout_ledger, leaderboard, opening, sentences
from vault.api import representations, selectors
from vault.api.representations.benchmarks import BENCHMARK
from vault.api.representations.rounds import ROUND
from vault.models import Round
from vault.pages import figures, verdicts
from vault.pages.answers import Page, answer
from vault.statuses import NEVER_OPENED, RoundStatus

# A row of the API's board, as its JSON has it.
Told = dict[str, Any]
# An end that is further away is a date and no number of days.
SOON = dt.timedelta(days=100)


class BoardPage(Page):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        round = selectors.asked_round(request, benchmark)
        opened = selectors.every_round(benchmark).exclude(status__in=NEVER_OPENED)
        board = representations.board(round, leaderboard.board(round=round))
        told, now = ROUND.show(round), timezone.now()
        context = {
            "benchmark": BENCHMARK.show(benchmark),
            "metric": METRICS[benchmark.primary_metric],
            "round": told,
            "board": board,
            "rows": rows(round, board),
            "resolution": resolution(board["resolution"]),
            "numbers": list(opened.values_list("number", flat=True)),
            "ends_in": ends_in(round, now=now),
            "waits": opening.waits_for_teams(round=round, now=now),
            "window": sentences.length(seconds=told["budget"]["window_seconds"]),
            "has_board": True,
            "at": "board",
        }
        return answer(request, template="vault/pages/board.html", context=context)


def rows(round: Round, board: Told) -> list[dict[str, Any]]:
    """Write the rows for people, in the board's order, with references where their scores put them."""
    unit = holdout_ledger.unit_of(benchmark=round.benchmark)
    listed: list[Told] = board["rows"]
    grid = next((row["fresh_resolution"] for row in listed if row["fresh_resolution"]), None)
    on_board = figures.decimals(_of(listed, "released"), unit=unit)
    on_new = figures.decimals(_of(listed, "fresh", "fresh_low", "fresh_high"), unit=unit, step=grid)
    effects = ("overstatement", "overstatement_low", "overstatement_high", "luck")
    of_effect = figures.decimals(_of(listed, *effects), unit=unit, step=grid)
    missing = _missing(round)
    return [
        {
            **row,
            "name": row["title"] or row["team"],
            "released": figures.written(row["released"], decimals=on_board)
            if row["released"] is not None
            else missing,
            "has_released": row["released"] is not None,
            "has_fresh": row["fresh"] is not None,
            "fresh": figures.written(row["fresh"], decimals=on_new),
            "interval": figures.interval(row["fresh_low"], row["fresh_high"], decimals=on_new),
            "change": figures.moved(row["rank_change"]),
            "overstatement": figures.written(row["overstatement"], decimals=of_effect),
            "covered": figures.interval(
                row["overstatement_low"], row["overstatement_high"], decimals=of_effect
            ),
            "luck": figures.written(row["luck"], decimals=of_effect),
            "shown_verdict": verdicts.shown(row["verdict"]),
        }
        for row in _with_lines(listed, board=board, metric=round.benchmark.primary_metric)
    ]


def resolution(value: float) -> str:
    """Write the smallest difference of two released values; nothing where all digits are released."""
    return sentences.figure(value, digits=2) if value else ""


def ends_in(round: Round, *, now: dt.datetime) -> str:
    """Say how long an open round still takes files, unless that is far away."""
    left = round.closes_at - now
    if round.status != RoundStatus.OPEN or not dt.timedelta(0) < left < SOON:
        return ""
    if left.days:
        return f"{sentences.counted(n=left.days, noun='day')} left"
    return "less than a day left"


def _missing(round: Round) -> str:
    """Say why a team has no released value."""
    if round.status not in (RoundStatus.OPEN, RoundStatus.CLOSING):
        return "no value of its own"
    if MECHANISMS[round.mechanism].needs_baseline:
        return "not yet shown to beat the baseline"
    return "no value yet"


def _of(listed: Sequence[Told], *names: str) -> Iterable[float | None]:
    return (row[name] for row in listed for name in names)


def _with_lines(listed: Sequence[Told], *, board: Told, metric: str) -> list[Told]:
    """Put each reference before the first ranked team that is no better; nobody else moves."""
    by = "fresh" if board["is_published"] else "released"
    sign = 1 if METRICS[metric].greater_is_better else -1
    lines = [row for row in listed if row["is_reference"] and row[by] is not None]
    lines.sort(key=lambda row: -sign * row[by])
    found: list[Told] = []
    for row in [each for each in listed if each not in lines]:
        is_ranked = row["rank"] is not None
        while lines and (not is_ranked or sign * lines[0][by] >= sign * row[by]):
            found.append(lines.pop(0))
        found.append(row)
    return [*found, *lines]
