"""What is published of an audit: a verdict and coarse figures of each final, and nothing else."""

import json
import math
from importlib import import_module
from typing import Any

import jsonschema
import numpy as np
import pytest

from audits import description, leakage, publication, published_fields, rounding, rounds
from audits.models import Finding, Publication
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import leaderboard, predictions
from vault.models import (
    Benchmark,
    Final,
    Holdout,
    HoldoutTold,
    JournalEntry,
    PublishedResult,
    RawScore,
    Round,
    Submission,
)
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = [pytest.mark.usefixtures("vault_keys")]

GRID = 1 / (2 * math.sqrt(stage.N_FRESH))


def published(slug: str, **options: Any) -> World:
    return stage.published(stage.audited(stage.closing(stage.small_round(slug, **options))))


def document_of(world: World) -> dict[str, Any]:
    with acting_as("web"):
        document: dict[str, Any] = Publication.objects.get(round=world.round).document
    return document


def teams_of(world: World) -> dict[str, dict[str, Any]]:
    start = f"{world.benchmark.slug}-"
    return {row["team"].removeprefix(start): row for row in document_of(world)["teams"]}


def test_shows_each_final_and_nothing_of_other_submissions() -> None:
    """Invariant 5: of 8 submissions the four finals have one figure each, and no other number."""
    world = published("finals")

    document = document_of(world)

    assert set(document) == set(leakage.DOCUMENT) | set(leakage.LISTS)
    assert sorted(teams_of(world)) == ["attacker", "improving", "once"]
    assert [row["team"] for row in document["references"]] == ["finals-reference-0"]
    check_against_description(document)
    # Of the accused team alone: which of its files the verdict names.
    accused = {name: row["named_submission"] for name, row in teams_of(world).items()}
    best = str(stage.finding_of(world, "attacker").named_submission_id)
    assert accused == {"attacker": best, "improving": None, "once": None}
    text = json.dumps(document)
    for submission in Submission.objects.filter(round=world.round):
        assert str(submission.pk) == best or str(submission.pk) not in text
        assert submission.sha256 not in text
    finals = Final.objects.filter(round=world.round).values("submission")
    raw = RawScore.objects.filter(submission__round=world.round)
    told_of = {row[name] for row in document["teams"] for name in ("query", "named_query")}
    exact = raw.filter(submission__in=finals).values_list("value", flat=True)
    assert told_of == {round(value, 6) for value in exact}


def check_against_description(document: dict[str, Any]) -> None:
    shapes = {"components": {"schemas": description.SHAPES}}
    shape = {"$ref": "#/components/schemas/AuditDocument", **shapes}
    jsonschema.Draft202012Validator(shape).validate(document)


def test_figures_lie_on_the_grid_and_are_the_nearest() -> None:
    """Accuracies of 1,200 items, told to the nearest step of 1/(2 sqrt 1200) = .0144, in its digits."""
    world = published("grid")
    document = document_of(world)

    assert document["fresh_resolution"] == pytest.approx(GRID, rel=1e-3)
    for name, row in teams_of(world).items():
        found = stage.finding_of(world, name)
        exact = found.fresh
        assert exact is not None
        assert abs(row["fresh"] - exact) <= GRID / 2 + 0.0005
        assert row["fresh"] == round(round(exact / GRID) * GRID, 3)
        low, high = row["fresh_interval"]
        assert low <= exact <= high
        shown = stage.finding_of(world, name, "scores").evidence["scores"]["accuracy"]["fresh"]
        assert low <= shown[1] < shown[2] <= high
        effect = found.minimum_detectable_effect
        assert effect is not None
        assert effect <= row["minimum_detectable_effect"] < effect + GRID + 0.001


def test_a_final_whose_release_did_not_beat_the_baseline_has_no_figure() -> None:
    """Else twenty accounts with random files buy twenty figures of the next query holdout."""
    rng = np.random.default_rng(3)
    world = make_world("below", n_query=600, n_fresh=1_200, closes_at=stage.FAR_AHEAD)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    world.answered(world.team("better"), stage.noisy(world, rng, accuracy=0.85))
    for number in range(3):
        world.answered(world.team(f"random-{number}"), stage.noisy(world, rng, accuracy=0.5))
    same = Submission.objects.get(team__is_reference=True)
    world.answered(world.team("same"), predictions.load(file_key=same.file_key))

    stage.published(stage.audited(stage.closing(world)))

    rows = teams_of(world)
    assert rows["better"]["fresh"] is not None
    assert (rows["better"]["rank_after"], rows["better"]["tier"]) == (1, 1)
    for name in ("random-0", "random-1", "random-2", "same"):
        told_of = ("fresh", "fresh_interval", "overstatement", "overstatement_interval")
        assert [rows[name][field] for field in (*told_of, "rank_after", "tier")] == [None] * 6
        assert rows[name]["no_figure"] == "its release did not beat the baseline"
        assert (
            "no figure on new labels: its release did not beat the baseline"
            in rows[name]["sentence"]
        )
        # The verdict is given all the same; a copy of the only reference cannot be told from it.
        expected = {"NOT_TESTED"} if name == "same" else {"NO_EVIDENCE", "WITHIN_LUCK"}
        assert rows[name]["verdict"] in expected
    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}
    assert board["below-random-0"].fresh is None
    assert board["below-random-0"].verdict == rows["random-0"]["verdict"]


def test_what_was_released_to_a_guarded_round_decides_who_has_a_figure() -> None:
    """A Ladder that showed no value of its own of a team has shown no gain over the baseline."""
    rng = np.random.default_rng(5)
    world = make_world(
        "guarded",
        n_query=600,
        n_fresh=1_200,
        mechanism="guarded_ladder",
        closes_at=stage.FAR_AHEAD,
    )
    world.open(baseline=stage.noisy(world, rng, accuracy=0.6))
    world.answered(world.team("better"), stage.noisy(world, rng, accuracy=0.85))
    world.answered(world.team("below"), stage.noisy(world, rng, accuracy=0.5))

    stage.published(stage.audited(stage.closing(world)))

    figures = {name: row["fresh"] for name, row in teams_of(world).items()}
    assert figures["better"] == pytest.approx(0.85, abs=0.05)
    assert figures["below"] is None


def test_a_full_publication_tells_every_figure() -> None:
    """Exact scores, all metrics with intervals and the judge's own overstatement; nothing is counted."""
    world = stage.small_round("full", publication="full")
    Benchmark.objects.filter(pk=world.benchmark.pk).update(secondary_metrics=["mcc"])
    stage.published(stage.audited(stage.closing(world)))
    document = document_of(world)
    check_against_description(document)

    assert document["publication"] == "full"
    assert document["fresh_resolution"] is None
    for name, row in teams_of(world).items():
        found = stage.finding_of(world, name)
        assert found.fresh is not None
        assert row["fresh"] == round(found.fresh, 6)
        assert row["overstatement"] == pytest.approx(found.estimate, abs=2e-6)
        assert row["overstatement_interval"] == pytest.approx([found.low, found.high], abs=3e-6)
        assert row["minimum_detectable_effect"] == pytest.approx(
            found.minimum_detectable_effect, abs=1e-6
        )
        assert set(row["scores"]) == {"accuracy", "mcc"}
        for part in ("query", "fresh"):
            for value, low, high in (row["scores"][metric][part] for metric in row["scores"]):
                assert low < value < high
        assert row["scores"]["accuracy"]["fresh"][0] == pytest.approx(row["fresh"])
    # Written once, so that board, document and admin show the same digits, and none is float dust.
    check_digits(document["teams"] + document["references"])
    columns = (
        "fresh_value",
        "fresh_low",
        "fresh_high",
        "overstatement",
        "overstatement_low",
        "luck",
    )
    check_digits(list(PublishedResult.objects.filter(round=world.round).values(*columns)))
    for holdout in (world.query, world.fresh):
        holdout.refresh_from_db()
        assert holdout.status == "RETIRED"
    assert not HoldoutTold.objects.filter(holdout=world.fresh).exists()


def check_digits(given: Any) -> None:
    """No float anywhere below has more than six digits after its point, but what the board released."""
    if isinstance(given, float):
        assert given == round(given, 6)
    elif isinstance(given, dict):
        check_digits([each for name, each in given.items() if name != "released"])
    elif isinstance(given, list):
        for each in given:
            check_digits(each)


def test_every_verdict_that_finds_nothing_carries_its_limit() -> None:
    """Invariant 12: the least effect that would have been found, or NOT_TESTED."""
    for world in (published("limit"), published("limit-alone", n_references=0)):
        for row in document_of(world)["teams"]:
            tested = row["verdict"] not in (None, "NOT_TESTED")
            assert (row["minimum_detectable_effect"] is not None) == tested
    assert teams_of(world)["once"]["verdict"] == "NOT_TESTED"


def test_a_suspicion_is_in_the_findings_and_in_no_answer() -> None:
    """Invariant 5: SUSPECTED is for researchers only."""
    world = published("suspect", draw=stage.SUSPICIOUS)
    suspects = Finding.objects.filter(verdict="SUSPECTED").values_list("team__name", flat=True)

    assert list(suspects) == ["suspect-once"]
    assert "SUSPECTED" not in json.dumps(document_of(world))
    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}
    assert board["suspect-once"].verdict in ("NO_EVIDENCE", "WITHIN_LUCK")
    assert board["suspect-attacker"].verdict == "CONFIRMED"


def test_the_board_shows_what_the_document_shows() -> None:
    world = published("board")

    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}

    document = document_of(world)
    rows = [*document["teams"], *document["references"]]
    assert set(board) == {row["team"] for row in rows}
    for row in rows:
        assert board[row["team"]].fresh == row["fresh"]
        assert board[row["team"]].verdict == row.get("verdict")
    for result in PublishedResult.objects.filter(round=world.round, team__is_reference=False):
        (row,) = (each for each in rows if each["team"] == result.team.name)
        assert [result.fresh_low, result.fresh_high] == row["fresh_interval"]
        assert [result.overstatement_low, result.overstatement_high] == row[
            "overstatement_interval"
        ]
        assert result.overstatement == row["overstatement"]
        assert (result.tier, result.luck) == (row["tier"], row["luck"])
        assert result.fresh_resolution == document["fresh_resolution"]


def test_a_draw_of_whole_groups_is_told_with_its_groups_and_items() -> None:
    """Its intervals go by groups, which nobody could read."""
    world = stage.audited(stage.closing(stage.small_round("grouped")))
    audit = rounds.latest_run(round=world.round)
    alone = publication.document(round=world.round, audit=audit)
    Holdout.objects.filter(pk=world.query.pk).update(draws_groups=True, n_units=30)

    assert alone["drawn_groups"] is None
    given = Round.objects.get(pk=world.round.pk)
    document = publication.document(round=given, audit=audit)
    n_query, n_fresh = world.query.n_items, world.fresh.n_items
    told = document["drawn_groups"]
    assert told["query"] == {"groups": 30, "items": n_query}
    assert told["fresh"] == {"groups": None, "items": n_fresh}
    assert (
        f"30 groups with {n_query:,} items that answered queries and an unknown" in told["sentence"]
    )
    for each in (alone, document):
        check_against_description(each)
    assert publication.nats(round=given, shown=document) == publication.nats(
        round=given, shown=alone
    )


def test_nothing_is_there_before_publication() -> None:
    """Invariant 5: an audit that is done shows neither a figure nor a verdict."""
    world = stage.audited(stage.closing(stage.small_round("unpublished")))

    with acting_as("web"):
        board = leaderboard.board(round=world.round)
        assert not Publication.objects.exists()
    assert {(row.fresh, row.verdict) for row in board} == {(None, None)}


def test_invalid_and_untested_teams_are_named_without_a_figure() -> None:
    world = stage.small_round("invalid")
    own = Submission.objects.filter(team=world.teams["improving"]).order_by("sequence")
    other = Submission.objects.get(team=world.teams["once"])
    Submission.objects.filter(pk=own[0].pk).update(file_key=other.file_key)

    stage.published(stage.audited(stage.closing(world)))

    row = teams_of(world)["improving"]
    assert row["verdict"] == "INVALID"
    assert "a stored file of this team is not what was received" in row["sentence"]
    named = {"team", "title", "file_named", "is_ranked_file", "is_unranked", "verdict", "sentence"}
    assert {value for name, value in row.items() if name not in named} == {None}
    with acting_as("web"):
        board = {each.team: each.verdict for each in leaderboard.board(round=world.round)}
    assert board["invalid-improving"] == "INVALID"


def test_two_fresh_holdouts_of_the_draw_are_both_charged() -> None:
    """The figure is computed on both, so both have told something; the first answers next."""
    world = make_world("two-fresh", closes_at=stage.FAR_AHEAD)
    rng = np.random.default_rng(6)
    more = make_holdout_of_the_draw(world)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    world.answered(world.team("honest"), stage.noisy(world, rng, accuracy=0.7))

    stage.published(stage.audited(stage.closing(world)))

    charged = [
        json.loads(entry.payload)["holdout"]
        for entry in JournalEntry.objects.filter(kind="fresh_figures_published")
    ]
    assert sorted(charged) == sorted([str(world.fresh.pk), more])


def make_holdout_of_the_draw(world: World) -> str:
    """Another fresh shard, given the query holdout's batch before the round opens."""
    rows = "".join(f"item-9{i:04d},{i % 2}\n" for i in range(100))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    first, second = holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=[Shard(kind="iid", status="FRESH", n=50) for _ in range(2)],
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )
    type(first).objects.filter(pk__in=(first.pk, second.pk)).update(batch=world.query.batch)
    world.round.fresh_holdouts.add(first)
    world.round.panel = first.panel
    world.round.save()
    world.labels = np.concatenate([world.labels, np.arange(100, dtype=np.uint8) % 2])
    return str(first.pk)


def test_every_field_that_tells_of_the_labels_is_counted() -> None:
    """A field more would tell something that no ledger knows of; then nothing is published."""
    world = published("counted")
    document = document_of(world)
    grid = rounding.coarse(unit=1.0, bounds=(0.0, 1.0), n_fresh=stage.N_FRESH)

    # 1/(2 sqrt 1200): lines 0 to 69, and one where a bound cuts.
    assert grid.levels == 71
    effects = 2 * 71 + 1
    team = [71, 71, 3, effects, effects, effects, 2 * effects, published_fields.P_VALUES, 6, 2, 2]
    # A verdict may have no luck: then none is told.
    if document["teams"][0]["luck"] is None:
        team.remove(effects)
    expected = math.log(3) + 2 * math.log(71) + 3 * sum(map(math.log, team))
    assert publication.nats(round=world.round, shown=document) == pytest.approx(expected)

    for change in (
        {**document, "median": 0.7},
        {**document, "teams": [{**document["teams"][0], "median": 0.7}]},
        {**document, "references": [{**document["references"][0], "median": 0.7}]},
    ):
        with pytest.raises(leakage.UncountedFieldError, match="median"):
            publication.nats(round=world.round, shown=change)


def test_what_is_null_tells_nothing() -> None:
    world = published("nulls")
    document = document_of(world)
    row = dict.fromkeys(leakage.LISTS["teams"], None)

    alone = publication.nats(
        round=world.round, shown={**document, "references": [], "teams": [row]}
    )

    assert alone == pytest.approx(math.log(3))


def test_the_run_that_is_published_is_the_one_that_was_done() -> None:
    world = published("done")

    run = rounds.latest_run(round=world.round)
    assert document_of(world)["shift_gate"] == run.shift_gate == "quiet"


def test_an_older_verdict_is_renamed_and_keeps_its_figures() -> None:
    """A word that claimed a cause; what was measured stays as it was."""
    renamed = import_module("audits.migrations.0003_words_of_an_audit").renamed
    evidence = {"verdict": "SUSPECTED", "published_verdict": "SELECTION_ONLY", "query": 0.7}
    words = {"before": "SELECTION_ONLY", "after": "WITHIN_LUCK"}

    assert renamed("SUSPECTED", evidence, **words) == (
        "SUSPECTED",
        {"verdict": "SUSPECTED", "published_verdict": "WITHIN_LUCK", "query": 0.7},
    )
    assert renamed("SELECTION_ONLY", {}, **words) == ("WITHIN_LUCK", {})
