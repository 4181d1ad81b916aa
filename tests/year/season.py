"""The year's people and what a round takes: files are handed in, a round opens, ends, and is published."""

import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests.vault.factories import acting_as
from tests.year.bot import Bot
from tests.year.clock import Clock
from tests.year.files import Truth
from tests.year.ledger import Ledger
from tests.year.organizer import Organizer, moment
from tests.year.stranger import Stranger
from tests.year.where_labels_live import WhereLabelsLive
from tests.year.workers import Workers
from vault.models import Benchmark, Holdout, Round, Team

SLUG = "rain"
LENGTH = dt.timedelta(days=28)
BASELINE, REFERENCE = 0.65, "majority"
SKILLS = {"amber": 0.70, "birch": 0.75, "cedar": 0.80, "dune": 0.78}
K = 6
POLICY = {
    "mechanism": "guarded_ladder",
    "parameters": "{}",
    "total_limit": K,
    "window_limit": 5,
    "window_seconds": 86400,
    "concurrent_limit": 5,
    "max_teams": 5,
    "publication": "coarse",
}
LEFT = re.compile(r"([\d,]+) of [\d,]+ queries (?:is|are) left")


@dataclass(kw_only=True)
class Year:
    clock: Clock
    workers: Workers
    truth: Truth
    directory: Path
    teams: dict[str, Team] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)
    competing: list[str] = field(default_factory=lambda: list(SKILLS))
    # Whose each submission is, by its id, in the order of handing in.
    handed_in: dict[str, str] = field(default_factory=dict)
    # Pages that were sent and commands that were typed, in their order.
    done: list[str] = field(default_factory=list)
    n_rounds_sealed_for: int = 0
    # By round: the board as it was published.
    boards: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.organizer = Organizer(done=self.done)
        self.stranger = Stranger(directory=self.directory, benchmark=SLUG, done=self.done)
        self.labels = WhereLabelsLive(directory=self.directory, benchmark=SLUG, done=self.done)

    @property
    def benchmark(self) -> Benchmark:
        return Benchmark.objects.get(slug=SLUG)

    @property
    def latest(self) -> Round:
        return Round.objects.select_related("query_holdout").latest("number")

    @property
    def shown(self) -> Any:
        """The benchmark as anybody sees it."""
        return Bot().get(f"benchmarks/{SLUG}/")

    @property
    def latest_shown(self) -> Any:
        return self.shown["rounds"][-1]

    def audit_of(self, round: Round) -> Any:
        audits = Bot().get(f"benchmarks/{SLUG}/audits/")["results"]
        (found,) = [each for each in audits if each["round"] == round.number]
        return Bot().get(f"audits/{found['id']}/")

    def check_stock(self) -> None:
        """Of the rounds that labels were sealed for those are left that were not planned yet."""
        left = self.n_rounds_sealed_for - self.benchmark.rounds.count()
        assert self.shown["stock"]["coarse_rounds"] == left
        rounds = "round" if left == 1 else "rounds"
        assert f"{left} auditable {rounds} left" in self.organizer.page_of(self.benchmark)

    def ids(self) -> list[str]:
        answer = Bot().ask("GET", f"benchmarks/{SLUG}/panel/")
        _, *rows = answer.content.decode().splitlines()
        return [row.split(",")[0] for row in rows]

    def hand_in(self, name: str) -> str:
        """Send a team's file and have it scored; of the budget one more is used, and one less left."""
        skill = SKILLS.get(name, BASELINE)
        file = self.truth.predictions(ids=self.ids_of_round(), skill=skill)
        submitted = self.bots[name].submit(SLUG, file)
        self.handed_in[submitted] = name
        self.workers.work()
        assert self.bots[name].result(submitted)["status"] == "SCORED"
        if name != REFERENCE:
            self.check_budget(name)
        return submitted

    def ids_of_round(self) -> list[str]:
        """The items that the latest round asks for: what was sealed since then is not among them."""
        return self.ids()[: self.latest.panel.n_items]

    def check_budget(self, name: str) -> None:
        """What is used and what is left are all that the team has."""
        budget = self.bots[name].get(f"benchmarks/{SLUG}/budget/")
        total = budget["total"]
        said = LEFT.match(budget["summary"])
        left = int(said[1]) if said else 0
        assert total["limit"] == K
        assert total["used"] + left == K, budget
        assert total["used"] == self.used(name, round=self.latest)

    def check_budgets(self) -> None:
        for name in self.competing:
            self.check_budget(name)

    def used(self, name: str, *, round: Round) -> int:
        """The files of the round that count for a team, by what its bots sent."""
        own = {name, *self.absorbed_by(name)}
        sent = [each for each, whose in self.handed_in.items() if whose in own]
        return round.submissions.filter(pk__in=sent).count()

    def absorbed_by(self, name: str) -> list[str]:
        merges = self.teams[name].merges.select_related("absorbed")
        return [merge.absorbed.name for merge in merges]

    def plan_first(self) -> Round:
        query, fresh = (self.benchmark.holdouts.get(status=status) for status in ("QUERY", "FRESH"))
        return self.organizer.plan(
            benchmark=self.benchmark.pk,
            query_holdout=query.pk,
            fresh_holdouts=[fresh.pk],
            references=REFERENCE,
            **self.dates(),
            **POLICY,
        )

    def plan_next(self, *, also_fresh: Sequence[Holdout] = ()) -> Round:
        """The next round in one act; where the panel has grown a new baseline file is handed in."""
        round = self.organizer.plan_next(self.latest, also_fresh=also_fresh, changed=self.dates())
        again = round.submissions.filter(team=self.teams[REFERENCE]).values_list("pk", flat=True)
        self.handed_in |= dict.fromkeys(map(str, again), REFERENCE)
        self.workers.work()
        if not again:
            self.hand_in(REFERENCE)
        return self.open(round)

    def dates(self) -> dict[str, str]:
        opens_at = self.clock.at
        return moment("opens_at", opens_at) | moment("closes_at", opens_at + LENGTH)

    def open(self, round: Round) -> Round:
        """The round opens by itself."""
        self.workers.sweep()
        round.refresh_from_db()
        assert round.status == "OPEN"
        self.check_stock()
        return round

    def play(self, *, attempts: int = 1) -> None:
        """Each team hands in once a day."""
        for _ in range(attempts):
            self.clock.move(days=1)
            for name in self.competing:
                self.hand_in(name)

    def conclude(self) -> None:
        """The round ends at its time and is audited by itself; the organizer publishes."""
        round = self.latest
        self.check_ledger(round)
        self.clock.at = round.closes_at
        self.workers.sweep()
        self.workers.sweep()
        round.refresh_from_db()
        assert round.status == "AUDITED", round.status
        self.organizer.act(round, "publish")
        self.workers.work()
        round.refresh_from_db()
        assert round.status == "PUBLISHED"
        self.stranger.keep_head()
        self.check_stock()
        self.check_board(round)

    def check_board(self, round: Round) -> None:
        """Every team that handed in was tested."""
        self.boards[round.number] = Bot().get(
            f"benchmarks/{SLUG}/leaderboard/?round={round.number}"
        )
        rows = [row for row in self.boards[round.number]["rows"] if not row["is_reference"]]
        assert {row["team"] for row in rows} == set(self.competing)
        assert all(row["verdict"] and row["verdict"] != "NOT_TESTED" for row in rows), rows

    def play_next_round(self, *, also_fresh: Sequence[Holdout] = ()) -> None:
        """Plan, play and publish a round in which nothing else happens."""
        self.plan_next(also_fresh=also_fresh)
        self.play(attempts=2)
        self.conclude()

    def manage(self, name: str, *given: str) -> str:
        """Type a command of the installation, and return what it said."""
        self.done.append(f"manage {name}")
        said = io.StringIO()
        call_command(name, *given, stdout=said)
        return said.getvalue()

    def verify_journal(self) -> None:
        """As the scoring worker: every chain, all heads that the stranger kept, and every release."""
        with acting_as("scoring"):
            heads = str(self.directory / "heads.jsonl")
            lines = self.manage("verify_journal", "--replay", "--head", heads).splitlines()
        assert sum("releases recomputed, all equal" in line for line in lines) == 12, lines
        assert "rain: 12 signed in the file, all in the chain" in lines
        assert [line for line in lines if line.startswith("installation: sound")], lines

    def check_ledger(self, round: Round) -> None:
        """Teams and organizers read the nats that the journal's entries come to."""
        ledger = Ledger.read(benchmark=self.benchmark, handed_in=self.handed_in)
        holdout = str(round.query_holdout_id)
        for name in self.competing:
            own = {name, *self.absorbed_by(name)}
            nats = self.bots[name].get(f"benchmarks/{SLUG}/budget/")["nats"]
            ledger.check_team(nats, holdout=holdout, teams=own)
        ledger.check_page(self.organizer.page_of(round.query_holdout), holdout=holdout)
