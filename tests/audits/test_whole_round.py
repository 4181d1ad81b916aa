"""A round from its closing to its publication, in the database role of the process that does it.

The world is fixed by its seed. The attacker's final answers a fifth of the query items right by
knowledge of their labels, far beyond luck (p < 1e-4); the honest files are independent of the labels
given their skill, so that one of the three is accused by chance with probability below .01.
"""

import datetime as dt
import json
import math
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import pytest
from django.test import Client
from numpy.typing import NDArray

from audits import publication, rounds
from audits.checks import deflation, registry
from audits.models import AuditRun, Finding, Publication, Report
from audits.summary import summary
from tests.audits.stage import (
    FAR_AHEAD,
    N_FRESH,
    N_QUERY,
    audited,
    closing,
    figures,
    noisy,
    published,
    query_positions,
    verdicts_of,
)
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import leaderboard
from vault import rounds as vault_rounds
from vault.errors import TransitionError
from vault.models import Holdout, JournalEntry, Round

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def played(slug: str, *, baseline: bool = True, n_spare: int = 0) -> World:
    """An open round: two honest teams that improve, one that hands in once, and the attacker."""
    rng = np.random.default_rng(1212)
    world = make_world(
        slug, n_query=N_QUERY, n_fresh=N_FRESH, n_spare=n_spare, seed=12, closes_at=FAR_AHEAD
    )
    world.open(baseline=noisy(world, rng, accuracy=0.70) if baseline else None)
    for name, skills in {"forest": (0.7, 0.75, 0.8), "linear": (0.7, 0.72)}.items():
        for skill in skills:
            hand_in(world, name, noisy(world, rng, accuracy=skill))
    hand_in(world, "once", noisy(world, rng, accuracy=0.75))
    first = noisy(world, rng, accuracy=0.7)
    for _ in range(6):
        file = np.where(rng.random(first.size) < 0.1, 1 - first, first)
        hand_in(world, "attacker", file.astype(np.uint8))
    learned = first.copy()
    known = rng.choice(query_positions(world), size=N_QUERY // 5, replace=False)
    learned[known] = world.labels[known]
    hand_in(world, "attacker", learned)
    return world


def hand_in(world: World, name: str, answers: NDArray[np.uint8]) -> None:
    """A second later: a team's first file is handed in before anything was released to it."""
    world.now += dt.timedelta(seconds=1)
    world.answered(world.teams.get(name) or world.team(name), answers)


def get(path: str) -> Any:
    with acting_as("web"):
        return Client().get(f"/api/v1/{path}").json()


def test_the_attacker_alone_is_confirmed_and_everything_else_says_what_was_seen() -> None:
    """Invariant 12: every verdict without evidence carries its minimum detectable effect."""
    world = audited(closing(played("whole")))

    assert world.round.status == "AUDITED"
    told = verdicts_of(world)
    assert told.keys() == {"attacker", "forest", "linear", "once", "reference"}
    assert [name for name, verdict in told.items() if verdict == "CONFIRMED"] == ["attacker"]
    assert told["reference"] == ""  # references are judged by nobody
    for row in summary(round=world.round):
        if row["verdict"] is not None:
            low, high = row["interval"]
            assert low < row["overstatement"] < high
            assert 0 < row["p_value"] <= 1
    accused = next(row for row in summary(round=world.round) if row["name"].endswith("attacker"))
    assert accused["interval"][0] > 0
    tested = Finding.objects.filter(check_name="verdict").exclude(verdict="")
    assert all(each.minimum_detectable_effect for each in tested)


def test_without_a_reference_one_file_cannot_be_tested() -> None:
    """Invariant 12: what could not be tested says so."""
    world = audited(closing(played("no-reference", baseline=False)))

    assert verdicts_of(world)["once"] == "NOT_TESTED"
    once = Finding.objects.get(check_name="verdict", team=world.teams["once"])
    assert (once.estimate, once.p_value, once.minimum_detectable_effect) == (None, None, None)


def test_twice_is_once_and_killed_half_way_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = closing(played("again"))
    with monkeypatch.context() as patched:
        patched.setattr(vault_rounds, "mark_audited", die)
        with pytest.raises(KeyboardInterrupt), acting_as("audit"):
            rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    killed = figures(rounds.latest_run(round=world.round))
    assert Round.objects.get(pk=world.round.pk).status == "CLOSED"

    audited(world)
    assert audited(world).round.status == "AUDITED"
    # The run was complete when the worker died: it is taken over, not made again.
    assert AuditRun.objects.filter(round=world.round).count() == 1
    assert figures(rounds.latest_run(round=world.round)) == killed


def test_a_failed_run_tells_only_the_kind_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 5: a message could hold a label."""
    world = closing(played("failing"))

    def fail(*_: Any) -> NoReturn:
        raise ValueError(f"label {world.labels[0]} of item-00000")

    with monkeypatch.context() as patched:
        patched.setattr(registry, "CHECKS", (replace(deflation.CHECK, check=fail),))
        with pytest.raises(ValueError, match="label"), acting_as("audit"):
            rounds.advance(round_id=world.round.pk, clock=lambda: NOW)

    run = AuditRun.objects.get(round=world.round)
    assert (run.status, run.error) == ("FAILED", "ValueError")
    assert not Finding.objects.filter(run=run).exists()
    assert not Report.objects.filter(run=run).exists()


@pytest.mark.usefixtures("api_site")
def test_nothing_is_told_before_publication() -> None:
    """Invariant 5: an audit that is done and not published changes no answer."""
    world = played("quiet")
    paths = [f"benchmarks/quiet/{page}/" for page in ("leaderboard", "audits", "rounds")]
    vault_rounds.request_close(round=world.round, actor="test", now=world.now)
    assert vault_rounds.close(round=world.round, actor="test", now=world.now)
    before = json.dumps([get(path) for path in paths])

    audited(world)

    assert json.dumps([get(path) for path in paths]).replace("AUDITED", "CLOSED") == before


@pytest.mark.usefixtures("api_site")
def test_publication_shows_one_coarse_figure_for_each_final() -> None:
    """Invariant 5: of the fresh holdout, which will answer queries next, nothing finer is told."""
    world = published(audited(closing(played("shown"))))

    document = Publication.objects.get(round=world.round).document
    raw = {row["name"]: row["fresh"] for row in summary(round=world.round)}
    grid = 1 / (2 * math.sqrt(N_FRESH))
    assert document["fresh_resolution"] == pytest.approx(grid, rel=1e-3)
    shown = [*document["teams"], *document["references"]]
    assert {row["team"] for row in shown} == set(raw)
    for row in shown:
        assert row["fresh"] == round(round(raw[row["team"]] / grid) * grid, 3)
    board = {row.team: row for row in leaderboard.board(round=world.round)}
    assert {name: row.fresh for name, row in board.items()} == {
        row["team"]: row["fresh"] for row in shown
    }
    listed = get("benchmarks/shown/audits/")["results"]
    assert get(f"audits/{listed[0]['id']}/")["document"] == document


def test_publication_turns_the_conveyor() -> None:
    world = audited(closing(played("conveyor", n_spare=60)))

    published(world)
    published(world)  # twice is once

    assert world.round.status == "PUBLISHED"
    assert Holdout.objects.get(pk=world.query.pk).status == "RETIRED"
    assert Holdout.objects.get(pk=world.fresh.pk).status == "QUERY"
    assert Holdout.objects.get(n_items=60).status == "FRESH"
    entry = JournalEntry.objects.get(benchmark=world.benchmark, kind="fresh_figures_published")
    told = json.loads(entry.payload)
    document = Publication.objects.get(round=world.round).document
    assert told == {
        "holdout": str(world.fresh.pk),
        "nats": pytest.approx(publication.nats(round=world.round, shown=document)),
    }
    # Five finals with a figure each, on a grid of 70 lines; and more for the rest.
    assert told["nats"] > 5 * math.log(70)


def test_what_was_not_audited_is_not_published() -> None:
    world = closing(played("early"))

    with acting_as("audit"), pytest.raises(TransitionError, match="only an audited round"):
        rounds.publish(round_id=world.round.pk, clock=lambda: NOW)


def test_an_audit_waits_for_what_is_being_scored() -> None:
    world = played("waiting")
    pending = world.submit(world.teams["once"], world.labels).submission
    closing(world)

    with acting_as("audit"):
        assert not rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    assert not AuditRun.objects.filter(round=world.round).exists()
    world.score(pending)
    assert audited(world).round.status == "AUDITED"
