"""Sealing where the labels live: what is written, what it tells, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from config.settings import BASE_DIR
from tests.vault.sealed_weather import make_benchmark, make_keys
from tests.vault.sealing.sealed_offline import (
    GROUPED,
    LABELS,
    SHARDS,
    seal,
    sheet_file,
    take_in,
)
from vault import panel
from vault.models import Benchmark, Panel
from vault.sealing import crypto, envelopes, seal_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def weather(tmp_path: Path, settings: Settings) -> Benchmark:
    make_keys(tmp_path, settings)
    return make_benchmark()


def command(directory: Path, benchmark: Benchmark, labels: str, *more: str) -> int:
    (directory / "labels.csv").write_text(labels)
    return seal_command.main(
        [
            *("--public-keys", str(sheet_file(directory, benchmark))),
            *("--labels", str(directory / "labels.csv")),
            *("-o", str(directory / "out.envelope"), *more),
        ]
    )


def test_the_envelope_says_what_everybody_may_know(tmp_path: Path, weather: Benchmark) -> None:
    content = seal(tmp_path, weather)
    found = envelopes.read(content)

    assert [(each.status, each.n_items) for each in found.shards] == [
        ("QUERY", 20),
        ("FRESH", 25),
        ("SEALED", 15),
    ]
    assert len(found.ids) == 60
    assert (found.benchmark, found.panel) == ("weather", None)
    assert found.ids.to_pylist() == sorted(found.ids.to_pylist())
    lines = content.split(b"\n", 2)
    assert lines[0] == b"holdout-vault-envelope/1"
    assert json.loads(lines[1])["benchmark"] == "weather"


def test_no_label_is_in_it_and_no_length_tells_one(tmp_path: Path, weather: Benchmark) -> None:
    """Equal ids with other labels: every length is the same, and no class is written beside an id."""
    content = seal(tmp_path, weather)
    # The classes themselves are public, and stand in the head once.
    blobs = content.split(b"\n", 2)[2]
    assert b"rain" not in blobs
    assert b"dry" not in blobs

    turned = "id,label\n" + "".join(
        f"{line.split(',')[0]},{'dry' if i % 7 else 'rain'}\n"
        for i, line in enumerate(LABELS.splitlines()[1:])
    )
    other = seal(tmp_path, weather, turned, name="other.envelope")

    def sizes(file: bytes) -> list[int]:
        found = envelopes.read(file)
        return [*(len(each.blob.ciphertext) for each in found.shards), len(found.record.ciphertext)]

    assert sizes(content) == sizes(other)
    assert len(content) == len(other)


@pytest.mark.parametrize(("n", "step"), [(1, 4096), (70_000, 4096), (1_000_000, 32_768)])
def test_lengths_are_of_few_kinds(n: int, step: int) -> None:
    assert len(crypto.padded(b"x" * n)) % step == 0
    assert 0 <= len(crypto.padded(b"x" * n)) - n < step
    assert crypto.padded(b"x" * n).rstrip(b"\0") == b"x" * n
    assert len(crypto.padded(b"", least=5000)) == 8192


def test_it_runs_without_a_service(tmp_path: Path, weather: Benchmark) -> None:
    """In a process of its own, with no setting of Django's."""
    (tmp_path / "labels.csv").write_text(LABELS)
    script = """
import sys
from vault.sealing import seal_command
code = seal_command.main(sys.argv[1:])
assert not any(name == "django" or name.startswith("django.") for name in sys.modules), "Django"
sys.exit(code)
"""
    done = subprocess.run(
        [
            *(sys.executable, "-c", script),
            *("--public-keys", str(sheet_file(tmp_path, weather))),
            *("--labels", str(tmp_path / "labels.csv"), "-o", str(tmp_path / "e"), *SHARDS),
            *("--confirm", "small_shard"),
        ],
        cwd=BASE_DIR,
        env={"PYTHONPATH": str(BASE_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = envelopes.read((tmp_path / "e").read_bytes())
    for shard in found.shards:
        assert shard.commitment in done.stdout
    assert found.seed_sha256 in done.stdout


def test_a_warning_is_confirmed_first(
    tmp_path: Path, weather: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, weather, LABELS, *SHARDS) == 1

    assert not (tmp_path / "out.envelope").exists()
    assert "small_shard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "more", "reason"),
    [
        (LABELS + "day-00,dry\n", SHARDS, "row 62, id: the id occurs in an earlier row"),
        (LABELS + "day-99,hail\n", SHARDS, "row 62, label: the label is not one of"),
        (LABELS.replace("label", "truth", 1), SHARDS, "the column label is missing"),
        (LABELS, ("--shard", "query=20", "--shard", "fresh=25"), "every item belongs to one shard"),
        (LABELS, ("--shard", "query=5", "--shard", "fresh=rest"), "at least 10 items"),
        (LABELS, ("--shard", "query=rest"), "at least two shards"),
        (LABELS, ("--kind", "temporal", "--shard", "query=rest"), "cannot be sealed as QUERY"),
    ],
)
def test_bad_input_is_refused_by_row_and_field(
    tmp_path: Path,
    weather: Benchmark,
    labels: str,
    more: tuple[str, ...],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command(tmp_path, weather, labels, *more, "--confirm", "small_shard") == 2

    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out.envelope").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "other"}, "the format of the file of public keys"),
        ({"keys": []}, "keys is missing"),
        ({"keys": [{"purpose": "audit", "kid": "00", "public_key": "11" * 32}]}, "its kid"),
        ({"keys": [{"purpose": "audit", "kid": "00", "public_key": "zz"}]}, "public_key"),
        ({"task": "sorting"}, "task is missing"),
        ({"classes": []}, "classes is missing"),
        ({"classes": ["a", "a"]}, "classes is missing"),
        ({"panel": {"version": 0}}, "panel.version"),
        ({"benchmark": 5}, "benchmark is missing"),
    ],
)
def test_a_wrong_file_of_keys_is_refused(
    tmp_path: Path,
    weather: Benchmark,
    change: dict[str, Any],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys = json.loads(sheet_file(tmp_path, weather).read_text())
    (tmp_path / "wrong.json").write_text(json.dumps({**keys, **change}))
    (tmp_path / "labels.csv").write_text(LABELS)
    given = [
        "--public-keys",
        str(tmp_path / "wrong.json"),
        "--labels",
        str(tmp_path / "labels.csv"),
    ]

    assert seal_command.main([*given, "-o", str(tmp_path / "out"), *SHARDS]) == 2

    assert reason in capsys.readouterr().err


def test_it_writes_over_nothing(
    tmp_path: Path, weather: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    content = seal(tmp_path, weather, GROUPED, name="out.envelope")

    with pytest.raises(AssertionError, match="exists already"):
        seal(tmp_path, weather, GROUPED, name="out.envelope")

    assert (tmp_path / "out.envelope").read_bytes() == content


def test_items_that_are_sealed_already_are_refused_by_row(
    tmp_path: Path, weather: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    take_in(weather, seal(tmp_path, weather))
    published = Panel.objects.get()
    (tmp_path / "panel.parquet").write_bytes(panel.file_bytes(panel=published))
    known = ("--panel", str(tmp_path / "panel.parquet"))
    again = LABELS.replace("day", "late").replace("late-07", "day-07")

    assert command(tmp_path, weather, again, *SHARDS, *known) == 2
    assert "row 9, column id: the item is sealed already" in capsys.readouterr().err

    (tmp_path / "panel.parquet").write_bytes(b"another")
    assert command(tmp_path, weather, again, *SHARDS, *known) == 2
    assert "not version 1 of the panel" in capsys.readouterr().err
