"""The year, step by step: each method is a heading of docs/a-year.md, in the same order."""

import datetime as dt
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from tests.vault.factories import acting_as
from tests.year.bot import Bot
from tests.year.organizer import moment, uploaded
from tests.year.season import REFERENCE, SKILLS, SLUG, Year
from vault.models import CorrectionRequest, Holdout

BENCHMARK = {
    "slug": SLUG,
    "title": "Rain tomorrow",
    "visibility": "public",
    "task": "binary",
    "classes": "dry\nwet",
    "prediction_form": "label",
    "primary_metric": "accuracy",
    "secondary_metrics": ["balanced_accuracy"],
    "probability_clip": "0.01",
    "delta0": "0.01",
}
WHAT = CorrectionRequest.What
DAY = dt.timedelta(days=1)
# Of the items whose labels come later, so many come in each of five batches.
N_LATER, N_OF_BATCH = 100, 20
WITHOUT_STEP = ("deliver",)


@dataclass(kw_only=True)
class Story:
    year: Year
    # As they were noted when the labels were sealed, or corrected.
    commitments: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)

    def make_the_benchmark(self) -> None:
        self.year.organizer.make_benchmark(**BENCHMARK)

    def seal_labels_for_several_rounds(self) -> None:
        year = self.year
        labels = year.truth.label_file(prefix="spring", n=1800)
        sealed, said = year.organizer.seal(year.benchmark, labels, rounds=5)
        assert [each.n_items for each in sealed] == [300] * 6
        assert "5 auditable rounds left" in said
        year.n_rounds_sealed_for += 5
        self.seeds = {each["batch"]: each["seed_sha256"] for each in year.shown["draws"]}

    def let_teams_in(self) -> None:
        year = self.year
        for name in (REFERENCE, *SKILLS):
            team = year.organizer.make_team(name, is_reference=name == REFERENCE)
            year.teams[name] = team
            token = year.organizer.shown_once(team, "issue", label="ci", scopes=["read", "submit"])
            year.bots[name] = Bot(token)

    def play_the_first_round(self) -> None:
        year = self.year
        first = year.plan_first()
        year.hand_in(REFERENCE)
        admitted = [year.teams[name].pk for name in SKILLS]
        year.organizer.act(first, "admit", teams=admitted, k="")
        year.open(first)
        year.play(attempts=2)
        year.conclude()

    def correct_labels_in_the_middle_of_a_round(self) -> None:
        year = self.year
        second = year.plan_next()
        year.play()
        wrong = ["spring-00007", "spring-00070", "spring-00700"]
        year.organizer.act(
            second.query_holdout,
            "correct",
            what=WHAT.VOID,
            ids="\n".join(wrong),
            reason="A station reported in another unit.",
            for_good="on",
        )
        year.workers.work()
        year.workers.sweep()
        answered = year.bots["amber"].result(list(year.handed_in)[-4])
        assert (answered["transcript"], len(answered["superseded"])) == (2, 1)
        year.check_budgets()
        self.commitments = {
            each["id"]: each["label_versions"][-1]["commitment"] for each in year.shown["holdouts"]
        }
        year.play()
        year.conclude()

    def move_a_deadline(self) -> None:
        year = self.year
        third = year.plan_next()
        year.play()
        until = third.closes_at + 3 * DAY
        year.organizer.act(
            third,
            "move-deadline",
            reason="The API was away for a day.",
            **moment("closes_at", until),
        )
        (change,) = year.latest_shown["changes"]
        assert (change["kind"], change["reason"]) == (
            "deadline_moved",
            "The API was away for a day.",
        )
        year.check_budgets()
        year.clock.at = third.closes_at - 2 * DAY
        year.play()
        year.conclude()

    def seal_the_next_labels_where_they_live(self) -> None:
        year = self.year
        year.plan_next()
        year.play()
        labels = year.truth.grouped_file(prefix="summer", n=1200)
        envelope = year.labels.seal(labels, shards=["sealed=240"] * 4 + ["sealed=rest"])
        sealed, _ = year.organizer.upload(year.benchmark, envelope)
        year.workers.work()
        year.workers.sweep()
        assert "verified" in year.organizer.page_of(sealed[0])
        sizes = [each.n_items for each in sealed]
        assert all(each.draws_groups and each.n_units for each in sealed)
        assert (sum(sizes), min(sizes) > 200) == (1200, True), sizes
        year.n_rounds_sealed_for += 4
        year.check_stock()
        year.play()
        year.conclude()

    def rotate_the_keys(self) -> None:
        """As docs/keys.md says it, for either purpose."""
        for purpose in ("scoring", "audit"):
            name = getattr(settings, f"{purpose.upper()}_PRIVATE_KEY_FILE")
            given = ("--purpose", purpose, "--private-key-file", name)
            self.year.manage("create_sealing_key", *given, "--new-generation")
            with acting_as(purpose):
                said = self.year.manage("rotate_keys", *given)
            assert "nothing is sealed for an older key" in said
            newest = subprocess.run(
                ["sed", "/END PRIVATE KEY/q", name], capture_output=True, check=True
            )
            Path(name).write_bytes(newest.stdout)

    def merge_two_teams(self) -> None:
        year = self.year
        year.plan_next()
        year.play()
        year.organizer.act(
            year.teams["dune"],
            "merge",
            kept=year.teams["cedar"].pk,
            reason="Both are one laboratory.",
            is_final="on",
        )
        year.competing.remove("dune")
        year.check_budgets()
        year.play()
        year.conclude()
        (row,) = [row for row in year.boards[5]["rows"] if row["team"] == "cedar"]
        assert row["absorbed"] == ["dune"]

    def publish_items_whose_labels_come_later(self) -> None:
        year = self.year
        items = year.truth.items(prefix="later", n=N_LATER)
        file = uploaded("\n".join(["id", *items, ""]), "items.csv")
        year.organizer.act(year.benchmark, "publish-items", file=file, mature_percent=60)
        token = year.organizer.shown_once(year.benchmark, "add-provider", name="weather office")
        year.bots["weather office"] = Bot(token)
        year.play_next_round(also_fresh=[self.awaited])

    def take_in_labels_while_rounds_go_on(self) -> None:
        year = self.year
        for batches in ((0, 1), (2, 3, 4)):
            year.plan_next()
            year.play()
            for number in batches:
                self.deliver(number)
            year.play()
            year.conclude()
        rows = Bot().get(f"benchmarks/{SLUG}/rounds/6/prospective/")
        (holdout,) = rows["holdouts"]
        assert [look["n_labelled"] for look in holdout["looks"]] == [60, 80, 100]
        assert self.awaited.status == "RETIRED"

    def correct_labels_after_a_publication(self) -> None:
        year = self.year
        eighth = year.latest
        wrong = [f"summer-{i:05d}" for i in range(0, 1200, 100)]
        year.organizer.act(
            eighth.query_holdout,
            "correct",
            what=WHAT.REPLACE,
            file=uploaded(year.truth.turned(wrong), "labels.csv"),
            reason="Two stations were mixed up.",
            for_good="on",
        )
        year.workers.work()
        before = year.audit_of(eighth)
        year.organizer.act(eighth, "repeat-audit", reason="For the corrected labels.")
        year.workers.sweep()
        after = year.audit_of(eighth)
        assert after["document"] == before["document"]
        (repeat,) = after["repeats"]
        assert len(repeat["inputs"]) == 2
        assert all("version 1 then, 2 now" in each for each in repeat["inputs"])

    def seal_again_before_the_stock_runs_out(self) -> None:
        year = self.year
        year.play_next_round()
        assert "0 auditable rounds left" in year.organizer.page_of(year.benchmark)
        labels = year.truth.label_file(prefix="winter", n=1200)
        sealed, said = year.organizer.seal(year.benchmark, labels, rounds=3)
        assert [each.n_items for each in sealed] == [300] * 4
        assert "3 auditable rounds left" in said
        year.n_rounds_sealed_for += 3
        year.play_next_round()

    def disclose_what_is_used_up(self) -> None:
        year = self.year
        year.plan_next()
        (batch,) = self.seeds
        for holdout in Holdout.objects.filter(batch=batch):
            year.organizer.act(
                holdout, "disclose", reason="No round needs the labels of spring.", for_good="on"
            )
            year.workers.work()
            kept = self.commitments[str(holdout.pk)]
            year.stranger.run(
                "verify-commitment", "--holdout", str(holdout.pk), "--commitment", kept
            )
        year.workers.sweep()
        year.stranger.run("verify-draw", batch, "--seed-sha256", self.seeds[batch])
        year.play(attempts=2)
        year.conclude()

    def check_the_record(self) -> None:
        year = self.year
        year.play_next_round()
        year.verify_journal()

    @property
    def awaited(self) -> Holdout:
        return Holdout.objects.get(kind="prospective")

    def deliver(self, number: int) -> None:
        """Send a batch of labels; the last one has a label anew that was delivered before."""
        year, n = self.year, N_OF_BATCH
        items = [f"later-{i:05d}" for i in range(number * n, (number + 1) * n)]
        items += ["later-00003"] if number == 4 else []
        arrived = year.clock.at
        known = [(arrived - DAY / 2).isoformat(), arrived.isoformat()]
        rows = [(item, year.truth.said(item), *known) for item in items]
        holdout = str(self.awaited.pk)
        envelope = year.labels.seal_batch(rows, holdout=holdout)
        path = f"benchmarks/{SLUG}/prospective/{holdout}/batches/"
        bot = year.bots["weather office"]
        answer = bot.ask("POST", path, envelope, "application/json")
        assert answer.status_code == 202, answer.content
        year.workers.sweep()
        settled = bot.get(f"{path}{answer.json()['id']}/")
        assert (settled["status"], settled["version"]) == ("ACCEPTED", number + 1), settled


STEPS = [
    name
    for name, value in vars(Story).items()
    if callable(value) and not name.startswith("_") and name not in WITHOUT_STEP
]
