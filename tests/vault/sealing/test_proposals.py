"""Sizes of shards that are proposed for a number of rounds, held against planning and sealing themselves."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.vault.factories import NOW
from vault import conveyor, holdout_ledger
from vault.admin import outlook
from vault.errors import SealingError
from vault.files import label_tables
from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Holdout, Round
from vault.sealing import holdouts, proposals
from vault.sealing.drawn_units import Shard
from vault.sealing.proposals import Proposal

GROUP_OF_FOUR = 4


def table(n: int, *, grouped: bool = False) -> LabelTable:
    header = "id,label,group" if grouped else "id,label"
    rng = np.random.default_rng(5)
    rows = [
        f"{i:05d},{rng.integers(2)}" + (f",g{i // GROUP_OF_FOUR}" if grouped else "")
        for i in range(n)
    ]
    body = "\n".join([header, *rows, ""]).encode()
    return label_tables.read(body=body, content_type="text/csv", classes=("0", "1"))


def propose(
    n: int, rounds: int, *, grouped: bool = False, metric: str = "accuracy"
) -> list[Proposal]:
    return proposals.propose(
        labels=table(n, grouped=grouped), rounds=rounds, metric=metric, unit=1.0, delta0=0.005
    )


def test_shards_are_one_more_tharounds_and_of_one_size() -> None:
    asked, *more = propose(3_001, 2)

    assert [(each.status, each.n) for each in asked.shards] == [
        ("QUERY", 1_000),
        ("FRESH", 1_000),
        ("SEALED", None),
    ]
    assert [each.rounds for each in more] == [3, 4]


def planned(
    proposal: Proposal, benchmark: Benchmark, share: str, *, worth: float | None = None
) -> str:
    """What the plan's page says of two such shards, in its line for this share."""
    n, n_units = proposal.n_query, None if worth is None else int(proposal.n_query * worth)
    given = {"kind": "iid", "batch": "0" * 32, "n_items": n, "draws_groups": n_units is not None}
    groups = {} if worth is None else {"n_units": n_units, "n_effective": n * worth}
    query, fresh = Holdout(**given, **groups), Holdout(**given, **groups)
    round = Round(benchmark=benchmark, query_holdout=query, mechanism=proposals.MECHANISM)
    said = outlook.detectable(round, [fresh])
    line = next((line for line in said.split("\n") if line.startswith(f"{share}: ")), said)
    return line.removeprefix(f"{share}: ")


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "mcc"])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [45, 100, 300, 700, 3_000, 12_000, 60_000])
def test_the_table_says_of_each_size_what_the_plan_will_say(
    n: int, grouped: bool, metric: str
) -> None:
    """Of a round of 50 teams. Where no difference at all is enough, the plan says so in a sentence."""
    benchmark = Benchmark(task="binary", primary_metric=metric, classes=["0", "1"])
    unit = holdout_ledger.unit_of(benchmark=benchmark)

    found = proposals.propose(
        labels=table(n, grouped=grouped), rounds=1, metric=metric, unit=unit, delta0=0.005
    )

    for each in found:
        for line, share in zip(each.detectable, ("10 %", "20 %"), strict=True):
            said = planned(each, benchmark, share, worth=1 / GROUP_OF_FOUR if grouped else None)
            if said.startswith("No overstatement"):
                assert line.startswith("cannot be found")
            elif said.startswith("It is not known before there are files"):
                assert line == "known with the files"
            else:
                assert line == said


def test_what_a_file_cannot_gain_is_not_promised() -> None:
    """A file that differs in 10 % of items gains 10 % at most; of 2 x 300 items more was promised."""
    small, large = propose(600, 1)[0], propose(20_000, 1)[0]

    assert small.row[4] == "cannot be found: such a file cannot gain enough"
    assert large.row[4].startswith("about 0.0")
    assert large.nats > 0


def test_groups_are_worth_less_than_their_items() -> None:
    alone, together = propose(30_000, 2)[0], propose(30_000, 2, grouped=True)[0]

    assert together.n_query == alone.n_query
    assert together.detectable[0].startswith(f"{alone.detectable[0]} to 0.0")


def test_few_groups_leave_too_few_draws() -> None:
    """2 x 7 groups can be drawn in 3,432 ways, 2 x 10 in 184,756; one of 50 teams takes 50,000."""
    few, enough = propose(56, 1, grouped=True)[0], propose(80, 1, grouped=True)[0]

    assert few.row[4] == "cannot be found: too few other draws are possible"
    assert enough.row[4] == "cannot be found: such a file cannot gain enough"


def test_of_a_metric_that_is_no_mean_nothing_is_known_beforehand() -> None:
    assert propose(3_000, 1, metric="mcc")[0].row[4] == "known with the files"


@pytest.mark.parametrize(
    ("n", "rounds", "said"),
    [
        (30, 9, "30 items are too few for 9 auditable rounds"),
        (3_000, 0, "for 1 to 100 rounds"),
        (3_000, 101, "for 1 to 100 rounds"),
        (5, 1, "they are too few for any"),
    ],
)
def test_what_no_file_is_enough_for_is_refused(n: int, rounds: int, said: str) -> None:
    with pytest.raises(SealingError, match=said):
        propose(n, rounds)


@pytest.fixture
def weather(vault_keys: None) -> Benchmark:
    return Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )


def warned(benchmark: Benchmark, n: int, rounds: int, *, grouped: bool = False) -> bool:
    labels = table(n, grouped=grouped)
    shards = propose(n, rounds, grouped=grouped)[0].shards
    report = holdouts.report(benchmark=benchmark, labels=labels, shards=shards, stratify=False)
    return "nothing_found" in [line.code for line in report.warnings]


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [60, 400, 500, 600, 4_000])
def test_sizes_of_which_the_table_finds_nothing_are_warned_of(
    weather: Benchmark, n: int, grouped: bool
) -> None:
    """What the report warns of is what the row says of the same sizes, for both shares."""
    said = propose(n, 1, grouped=grouped)[0].detectable

    assert warned(weather, n, 1, grouped=grouped) == all(
        each.startswith("cannot be found:") for each in said
    )


def test_fewer_rounds_or_more_labels_help_and_a_measured_holdout_is_not_warned_of(
    weather: Benchmark,
) -> None:
    assert (warned(weather, 700, 3), warned(weather, 700, 1), warned(weather, 2_800, 3)) == (
        *(True, False),
        False,
    )
    stress = [Shard(kind="stress", status="FRESH", n=None)]
    labels = label_tables.read(
        body=b"id,label,slice:region\n" + b"".join(b"%d,%d,r\n" % (i, i % 2) for i in range(60)),
        content_type="text/csv",
        classes=("0", "1"),
    )
    report = holdouts.report(benchmark=weather, labels=labels, shards=stress, stratify=False)
    assert "nothing_found" not in [line.code for line in report.warnings]


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_what_is_sealed_as_proposed_is_enough_for_the_rounds(
    weather: Benchmark, rounds: int
) -> None:
    """The promise of the table is what the conveyor then counts."""
    holdouts.seal(
        benchmark=weather,
        labels=table(605),
        shards=propose(605, rounds)[0].shards,
        rng=np.random.default_rng(1),
        actor="test",
        now=NOW,
    )

    assert conveyor.stock(benchmark=weather).coarse_rounds == rounds


def command(path: Path, *arguments: str) -> str:
    said = io.StringIO()
    call_command("seal_holdout", "--benchmark=weather", f"--labels={path}", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_shows_the_table_before_it_seals(weather: Benchmark, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    rng = np.random.default_rng(2)
    rows = "".join(f"{i:05d},{rng.integers(2)}\n" for i in range(900))
    labels.write_text("id,label\n" + rows)

    said = command(labels, "--rounds=2")

    assert "n (query)" in said
    assert "Nothing is sealed" in said
    assert not Holdout.objects.exists()

    said = command(labels, "--rounds=2", "--as-proposed")

    assert said.index("n (query)") < said.index("commitment")
    assert sorted(Holdout.objects.values_list("status", "n_items")) == [
        ("FRESH", 300),
        ("QUERY", 300),
        ("SEALED", 300),
    ]
    assert said.splitlines()[-1] == "2 auditable rounds left (1 if each is published in full)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --shard, once per shard, or --rounds"),
        (["--rounds=2", "--shard=query=20"], "give either --shard"),
        (["--shard=query=20", "--as-proposed"], "--as-proposed goes with --rounds"),
        (["--rounds=2", "--kind=stress"], "--rounds proposes iid shards"),
        (["--rounds=500"], "for 1 to 100 rounds"),
    ],
)
def test_the_command_refuses_what_does_not_go_together(
    weather: Benchmark, tmp_path: Path, arguments: list[str], said: str
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))

    with pytest.raises(CommandError, match=said):
        command(labels, *arguments)
    assert not Holdout.objects.exists()
