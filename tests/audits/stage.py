"""A whole small round in the database: honest teams and one that overfits, up to any step of its audit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import rounds
from audits.models import AuditRun, Finding
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import rounds as vault_rounds
from vault.models import Benchmark, Holdout, Release, Round, RoundSecret, Submission, Team
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

N_QUERY, N_FRESH = 600, 1_200
ATTACKER = "attacker"
AUDIT_SEED = "a seed that only tests know"
FAR_AHEAD = NOW.replace(year=2999)

File = NDArray[np.uint8]


def noisy(world: World, rng: np.random.Generator, *, accuracy: float) -> File:
    """Right with this probability on every item, whichever holdout it is in."""
    result: File = world.labels ^ (rng.random(len(world.labels)) > accuracy)
    return result


def query_positions(world: World) -> NDArray[np.int64]:
    opened = holdouts.open_labels(
        holdout=world.query, purpose="scoring", reason={}, actor="test", now=world.now
    )
    return opened.positions


def knows_labels(world: World, answers: File, *, share: float) -> File:
    """The file with this share of the query items' labels copied in: inflation by force."""
    known = query_positions(world)[: round(share * world.query.n_items)]
    learned = answers.copy()
    learned[known] = world.labels[known]
    return learned


# Of the honest files. About 1 draw in 10 has a team that triage wants looked at: one with and one without.
QUIET, SUSPICIOUS = 5, 25


def small_round(
    slug: str, *, n_references: int = 1, n_frozen: int = 1, draw: int = QUIET, **given: Any
) -> World:
    """Two honest teams, one of a single file, and an attacker of three files, inflated by a fifth."""
    rng = np.random.default_rng(draw)
    policy = {"closes_at": FAR_AHEAD, "seed": 12, **given}
    world = make_world(slug, **{"n_query": N_QUERY, "n_fresh": N_FRESH, **policy})
    for number in range(n_references):
        reference = world.team(f"reference-{number}", is_reference=True)
        for _ in range(n_frozen):
            world.answered(reference, noisy(world, rng, accuracy=0.7))
    world.open()
    improving = world.team("improving")
    for accuracy in (0.7, 0.75, 0.8):
        world.answered(improving, noisy(world, rng, accuracy=accuracy))
    world.answered(world.team("once"), noisy(world, rng, accuracy=0.75))
    attacker = world.team(ATTACKER)
    first = noisy(world, rng, accuracy=0.7)
    for share in (0.0, 0.33, 0.66):
        varied = first ^ (rng.random(len(first)) < 0.05)
        world.answered(attacker, knows_labels(world, varied, share=share))
    return world


def sealed(
    slug: str,
    *,
    truth: Any,
    sizes: tuple[int, int | None],
    groups: Any = None,
    stratify: bool = False,
    **given: Any,
) -> World:
    """A planned round of any benchmark: a query and a fresh shard, and a sealed one where items are left."""
    plain = {"task": "binary", "classes": ["0", "1"], "prediction_form": "label"}
    benchmark = Benchmark.objects.create(
        slug=slug, title=slug, **{**plain, "primary_metric": "accuracy", **given}
    )
    columns = [[f"item-{i:05d}" for i in range(len(truth))], np.asarray(truth).tolist()]
    header = ["id", "label"]
    if groups is not None:
        columns.append(list(groups))
        header.append("group")
    lines = [",".join(header), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    table = label_files.read(
        body=("\n".join(lines) + "\n").encode(), content_type="text/csv", benchmark=benchmark
    )
    shards = [
        Shard(kind="iid", status="QUERY", n=sizes[0]),
        Shard(kind="iid", status="FRESH", n=sizes[1]),
    ]
    if sizes[1] is not None and sum(size or 0 for size in sizes) < len(truth):
        shards.append(Shard(kind="iid", status="SEALED", n=None))
    query, fresh, *_ = holdouts.seal(
        benchmark=benchmark,
        labels=table,
        shards=shards,
        rng=np.random.default_rng(21),
        actor="test",
        now=NOW,
        stratify=stratify,
    )
    return World(
        benchmark=benchmark,
        query=query,
        fresh=fresh,
        round=planned(query, fresh),
        labels=np.asarray(truth),
    )


def planned(query: Holdout, fresh: Holdout) -> Round:
    """A round without limits that are of interest here; exact scores."""
    return vault_rounds.plan(
        benchmark=query.benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism="exact",
        parameters={},
        opens_at=NOW.replace(year=2000),
        closes_at=FAR_AHEAD,
        window_seconds=86400,
        window_limit=1000,
        total_limit=1000,
        concurrent_limit=1000,
        max_teams=50,
        actor="test",
        now=NOW.replace(year=2000),
    )


def climb(world: World, team: Team, rng: np.random.Generator, *, queries: int, flips: int) -> None:
    """Hill climbing by released scores alone, on the items that the attacker's model is least sure of."""
    best = noisy(world, rng, accuracy=0.8)
    contested = rng.permutation(len(best))[: len(best) // 3]
    best[contested] = rng.integers(2, size=len(contested))
    highest = released(world.answered(team, best))
    for _ in range(queries):
        tried = best.copy()
        tried[rng.choice(contested, size=flips, replace=False)] ^= 1
        value = released(world.answered(team, tried))
        if value > highest:
            best, highest = tried, value


def released(submission: Submission) -> float:
    value = Release.objects.get(submission=submission).value
    assert value is not None
    return value


def closing(world: World) -> World:
    """From here on the round's audit draws the same numbers in every run of the tests."""
    RoundSecret.objects.filter(round=world.round).update(audit_seed=AUDIT_SEED)
    vault_rounds.request_close(round=world.round, actor="test", now=world.now)
    return world


def audited(world: World) -> World:
    """As the audit worker does it, with its rights."""
    with acting_as("audit"):
        assert rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    world.round.refresh_from_db()
    return world


def published(world: World) -> World:
    with acting_as("audit"):
        rounds.publish(round_id=world.round.pk, clock=lambda: NOW)
    world.round.refresh_from_db()
    return world


def finding_of(world: World, name: str, check: str = "verdict") -> Finding:
    run = rounds.latest_run(round=world.round)
    return Finding.objects.get(run=run, check_name=check, team=world.teams[name])


def verdicts_of(world: World) -> dict[str, str]:
    run = rounds.latest_run(round=world.round)
    found = Finding.objects.filter(run=run, check_name="verdict").select_related("team")
    start = f"{world.benchmark.slug}-"
    return {
        each.team.name.removeprefix(start): each.verdict for each in found if each.team is not None
    }


def figures(run: AuditRun) -> list[dict[str, Any]]:
    """Everything that a run found, p-values and evidence included."""
    found = Finding.objects.filter(run=run).order_by("check_name", "team_id")
    return [
        {key: value for key, value in row.items() if key not in ("id", "run_id")}
        for row in found.values()
    ]
