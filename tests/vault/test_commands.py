import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from vault.models import Benchmark, Holdout, SealingKey
from vault.sealing import sealing_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def weather(tmp_path: Path, settings: Settings) -> Benchmark:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    for purpose in sealing_keys.PURPOSES:
        sealing_keys.create(purpose=purpose, private_key_file=tmp_path / f"{purpose}.pem")
    return Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(50)))
    return path


# Of the 50 labels above, which change with every id.
WARNED = ("small_shard", "neighbor_labels")
WARNED_IID = [*WARNED, "nothing_found"]


def run(*arguments: str) -> str:
    written = io.StringIO()
    call_command(*arguments, stdout=written)
    return written.getvalue()


def test_create_sealing_key_prints_the_key_id_and_nothing_private(tmp_path: Path) -> None:
    file = tmp_path / "audit.pem"

    said = run("create_sealing_key", "--purpose", "audit", "--private-key-file", str(file))

    key = SealingKey.objects.get()
    assert said == f"audit key {key.kid} is active\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_create_sealing_key_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "audit.pem"

    with pytest.raises(CommandError, match="No such file"):
        run("create_sealing_key", "--purpose", "audit", "--private-key-file", str(file))


def test_seal_holdout_draws_the_shards_it_is_told(weather: Benchmark, labels: Path) -> None:
    shards = ["--shard", "query=20", "--shard", "fresh=rest", "--confirm", *WARNED_IID]

    said = run("seal_holdout", "--benchmark", "weather", "--labels", str(labels), *shards)

    sealed = Holdout.objects.order_by("n_items")
    assert [(h.kind, h.status, h.n_items) for h in sealed] == [
        ("iid", "QUERY", 20),
        ("iid", "FRESH", 30),
    ]
    assert {h.batch for h in sealed} == {sealed[0].batch}
    for holdout in sealed:
        assert f"{holdout.pk} iid {holdout.status} {holdout.n_items} items" in said
        assert holdout.commitment in said


@pytest.mark.parametrize(
    ("confirmed", "said"),
    [
        ([], "confirm each of its warnings, small_shard, neighbor_labels, nothing_found"),
        (["small_shard"], "confirm each of its warnings, neighbor_labels, nothing_found"),
        ([*WARNED_IID, "class_few"], "does not warn of class_few"),
        (["all"], "confirm each of its warnings"),
    ],
)
def test_seal_holdout_seals_nothing_before_each_warning_is_confirmed(
    weather: Benchmark, labels: Path, confirmed: list[str], said: str
) -> None:
    arguments = [
        "--benchmark=weather",
        f"--labels={labels}",
        "--shard=query=20",
        "--shard=fresh=30",
    ]
    report = io.StringIO()

    given = ["--confirm", *confirmed] if confirmed else []
    with pytest.raises(CommandError, match=said):
        call_command("seal_holdout", *arguments, *given, stdout=report)

    assert not Holdout.objects.exists()
    assert "WARNING small_shard" in report.getvalue()


def test_seal_holdout_says_what_whole_groups_came_to(weather: Benchmark, labels: Path) -> None:
    labels.write_text(
        "id,label,group\n" + "".join(f"{i},{i % 2},g{min(i // 3, 15)}\n" for i in range(53))
    )
    shards = ["--shard=query=20", "--shard=fresh=rest"]
    warned = ["small_shard", "few_groups", "large_group", "nothing_found"]

    said = run(
        "seal_holdout",
        "--benchmark=weather",
        f"--labels={labels}",
        *shards,
        "--stratify",
        "--seed=1",
        "--confirm",
        *warned,
    )

    query = Holdout.objects.get(status="QUERY")
    assert query.n_items != 20
    assert f"{query.n_items} items (asked: 20), commitment" in said
    assert said.count("asked:") == 1
    assert "Whole groups were drawn, so a number of items may differ" in said
    assert "Each class was drawn from separately." in said
    assert (query.draws_groups, query.stratified) == (True, True)


def test_seal_holdout_takes_what_a_later_period_is_later_than(
    weather: Benchmark, labels: Path
) -> None:
    labels.write_text("id,label,time\n" + "".join(f"{i},{i % 2},2026-03-01\n" for i in range(53)))
    arguments = [
        "--benchmark=weather",
        f"--labels={labels}",
        "--kind=temporal",
        "--shard=fresh=rest",
        "--trained-until=2026-01-30",
    ]
    with pytest.raises(CommandError, match="begins on 2026-03-02 at the earliest"):
        run("seal_holdout", *arguments, "--label-delay-days=31")
    with pytest.raises(CommandError, match="is not a day such as"):
        run("seal_holdout", *arguments[:-1], "--trained-until=yesterday", "--label-delay-days=1")

    warned = ["--confirm", *WARNED]
    run("seal_holdout", *arguments, "--label-delay-days=30", *warned)

    assert Holdout.objects.get().trained_until == dt.date(2026, 1, 30)


def test_seal_holdout_names_the_rows_that_are_wrong(weather: Benchmark, labels: Path) -> None:
    labels.write_text("id,label\n1,0\n2,SECRET\n3\n")

    with pytest.raises(CommandError) as caught:
        run("seal_holdout", "--benchmark=weather", f"--labels={labels}", "--shard=fresh=rest")

    assert str(caught.value).splitlines()[1:] == [
        "  row 3, label: the label is not one of the benchmark's classes 0, 1; write them without a "
        "decimal point, not as 1.0 (pandas astype(int))",
        "  row 4: 1 fields where 2 are expected",
    ]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--benchmark=none", "--shard=query=20", "--shard=fresh=30"], "no benchmark none"),
        (["--benchmark=weather", "--shard=query=20", "--shard=fresh=31"], "50"),
        (["--benchmark=weather", "--shard=query", "--shard=fresh=30"], "query=2400"),
        (["--benchmark=weather", "--shard=query=-1", "--shard=fresh=30"], "query=2400"),
        (["--benchmark=weather", "--labels=/nonexistent.csv", "--shard=fresh=30"], "No such file"),
        (["--benchmark=weather", "--labels=/etc/hostname", "--shard=fresh=30"], "content type"),
    ],
)
def test_seal_holdout_says_what_is_wrong(
    weather: Benchmark, labels: Path, arguments: list[str], part: str
) -> None:
    with pytest.raises(CommandError, match=part):
        run("seal_holdout", f"--labels={labels}", *arguments)
    assert not Holdout.objects.exists()
