"""The demo: three benchmarks on the same days, the same cast in each, played through the REST API.

`weather-guarded` is played attackers last and `weather-sybil` attackers first with ten accounts more,
so that equal answers for the honest teams show both promises at once: no other team can change what a
team is told, whatever the order and however many they are.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connections

from audits.summary import headline, summary
from lab.demo import organizer, season
from lab.demo.desk import Desk
from lab.demo.organizer import Board
from lab.demo.progress import Progress
from lab.demo.rest import RestDesk, open_wire
from lab.demo.season import Cast, Order
from lab.demo.weather.series import N_FRESH, N_QUERY, Weather, item_ids
from vault import leaderboard
from vault.models import Release

Say = Callable[[str], None]
Now = Callable[[], dt.datetime]


@dataclass(frozen=True, kw_only=True)
class Plan:
    slug: str
    mechanism: str
    order: Order
    with_sybils: bool


PLANS = (
    Plan(slug="weather-open", mechanism="exact", order="interleaved", with_sybils=False),
    Plan(slug="weather-guarded", mechanism="guarded_ladder", order="attackers-last", with_sybils=False),
    Plan(slug="weather-sybil", mechanism="guarded_ladder", order="attackers-first", with_sybils=True),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Staged:
    plan: Plan
    board: Board
    desks: dict[str, Desk]


def run(*, url: str, seed: int, weather: Weather, say: Say, now: Now) -> dict[str, Any]:
    """Play, close, audit and publish; the result is what `--json` writes, without the seconds."""
    cast = season.train(weather=weather.published)
    say("the cast's models are trained")
    stopping = threading.Event()
    with ExitStack() as stack:
        progress = Progress(
            expected={
                plan.slug: season.n_answers(cast=cast, with_sybils=plan.with_sybils)
                for plan in PLANS
            },
            say=say,
            clock=time.monotonic,
        )
        stage = _Stage(
            url=url,
            seed=seed,
            weather=weather,
            cast=cast,
            now=now,
            stopping=stopping,
            progress=progress,
        )
        staged = [stage.prepare(plan, stack) for plan in PLANS]
        say("labels are sealed, references scored, rounds open; the teams submit")
        _play_all(staged, cast=cast, seed=seed, stopping=stopping, say=say)
    for each in staged:
        organizer.conclude(board=each.board, now=now)
        say(f"{each.board.slug} is audited and published")
    _compare_honest_answers(staged, say=say)
    return {"seed": seed, "benchmarks": [_result(each) for each in staged]}


@dataclass(frozen=True, kw_only=True)
class _Stage:
    url: str
    seed: int
    weather: Weather
    cast: Cast
    now: Now
    stopping: threading.Event
    progress: Progress

    def prepare(self, plan: Plan, stack: ExitStack) -> Staged:
        """Make a benchmark with its references scored and frozen, and a desk for every team."""
        board = organizer.found(
            slug=plan.slug,
            mechanism=plan.mechanism,
            weather=self.weather,
            seed=self.seed,
            now=self.now(),
        )
        references = self._desks(plan, board, season.REFERENCES, stack, is_reference=True)
        tickets = {
            name: desk.submit(predictions=self.cast.references[name])
            for name, desk in references.items()
        }
        for name, ticket in tickets.items():
            references[name].answer(ticket=ticket)
        organizer.open_with(board=board, order=season.REFERENCES, now=self.now())
        teams = season.TEAMS + (season.SYBILS if plan.with_sybils else ())
        desks = self._desks(plan, board, teams, stack, is_reference=False)
        return Staged(plan=plan, board=board, desks=desks)

    def _desks(
        self,
        plan: Plan,
        board: Board,
        names: Sequence[str],
        stack: ExitStack,
        *,
        is_reference: bool,
    ) -> dict[str, Desk]:
        tokens = organizer.enroll(
            board=board, names=names, is_reference=is_reference, now=self.now()
        )
        ids = item_ids(days=self.weather.panel)
        return {
            name: RestDesk(
                wire=stack.enter_context(closing(open_wire(url=self.url, token=token))),
                slug=board.slug,
                ids=ids,
                stopping=self.stopping,
                heard=(lambda: None)
                if is_reference
                else partial(self.progress.answered, plan.slug),
            )
            for name, token in tokens.items()
        }


def _play_all(
    staged: Sequence[Staged], *, cast: Cast, seed: int, stopping: threading.Event, say: Say
) -> None:
    """Play all three at once: teams of different benchmarks share nothing but the machine."""

    def play(each: Staged) -> None:
        season.play(
            cast=cast, desks=each.desks, seed=seed, order=each.plan.order, stopping=stopping
        )
        say(f"{each.board.slug} is played")

    with ThreadPoolExecutor(len(staged)) as pool:
        try:
            for future in [pool.submit(play, each) for each in staged]:
                future.result()
        # Ctrl-C too: the other plays stop, and the pool need not wait for their ends.
        except BaseException:
            stopping.set()
            raise
    connections.close_all()


def _compare_honest_answers(staged: Sequence[Staged], *, say: Say) -> None:
    """Refuse a run whose guarded and sybil board did not tell the honest teams exactly the same."""
    guarded, sybil = (
        {name: _answers(each, name) for name in season.HONEST}
        for each in staged
        if each.plan.mechanism == "guarded_ladder"
    )
    if guarded != sybil:
        changed = ", ".join(name for name in guarded if guarded[name] != sybil[name])
        raise organizer.DemoError(f"other teams changed what was told to: {changed}")
    say("honest teams were told the same with the attackers last, first and ten more")


def _answers(staged: Staged, name: str) -> list[tuple[float | None, str]]:
    releases = Release.objects.filter(
        submission__round=staged.board.round, submission__team__title=name
    )
    return list(releases.order_by("submission__sequence").values_list("value", "outcome"))


def published(
    *, judged: Sequence[dict[str, Any]], board: Sequence[leaderboard.Row]
) -> dict[str, Any]:
    """Return the grid of the published figures, and how many of the researchers' finals have none."""
    shown = [row for row in board if row.fresh is not None and not row.is_reference]
    finals = [row for row in judged if row["fresh"] is not None and not row["is_reference"]]
    return {
        "step": next((row.fresh_resolution for row in shown if row.fresh_resolution), None),
        "finals": len(finals),
        "left_out": len(finals) - len(shown),
    }


def _result(staged: Staged) -> dict[str, Any]:
    teams = []
    judged = summary(round=staged.board.round)
    for row in judged:
        shown = {name: value for name, value in row.items() if name != "is_reference"}
        shown["role"] = season.role_of(team=row["name"])
        teams.append(shown)
    return {
        "slug": staged.board.slug,
        "mechanism": staged.plan.mechanism,
        "n_query": N_QUERY,
        "n_fresh": N_FRESH,
        "headline": headline(round=staged.board.round),
        "published": published(judged=judged, board=leaderboard.board(round=staged.board.round)),
        "teams": teams,
    }
