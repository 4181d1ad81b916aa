"""The seed of a draw is published with the last of its shards, once, and gives the shards again."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from holdout import disclosures as client_disclosures
from holdout import draws as client_draws
from pytest_django import Settings

from tests.vault.api.stage import Caller, problem
from tests.vault.factories import NOW, acting_as, die
from tests.vault.sealed_weather import make_benchmark, make_keys
from tests.vault.sealing.sealed_offline import GROUPED, LABELS, look_into, seal, take_in
from vault import journal, tasks
from vault.errors import LabelsUnavailableError, TransitionError
from vault.files import content_files
from vault.models import (
    Benchmark,
    DisclosedDraw,
    DisclosedFile,
    Draw,
    DrawRecord,
    Holdout,
    JournalEntry,
)
from vault.sealing import disclosures, draw_disclosures, envelopes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def weather(tmp_path: Path, settings: Settings, transactional_db: None) -> Benchmark:
    make_keys(tmp_path, settings)
    benchmark = make_benchmark()
    # The API knows the metrics by their names.
    Benchmark.objects.update(primary_metric="accuracy")
    return benchmark


def sealed(directory: Path, benchmark: Benchmark, labels: str, *more: str) -> list[Holdout]:
    content = seal(directory, benchmark, labels, *more)
    holdouts = take_in(benchmark, content)
    look_into(envelopes.read(content))
    return holdouts


def serve_the_api(settings: Settings) -> None:
    settings.ROOT_URLCONF = "config.urls"
    settings.MIDDLEWARE = settings.API_MIDDLEWARE
    settings.ANONYMOUS_REQUESTS_PER_MINUTE = 0


def disclose(holdout: Holdout) -> None:
    Holdout.objects.filter(pk=holdout.pk).update(status="RETIRED")
    with acting_as("researcher"):
        disclosures.request(holdout=holdout, reason="it is over", actor="ada", now=NOW)
    tasks.disclose_holdout(holdout_id=str(holdout.pk))


def repeated(draw: bytes) -> bool:
    """As the client does it, from files alone."""
    found = client_draws.parsed(draw)
    shards = [
        client_disclosures.parsed(
            content_files.load(file_key=DisclosedFile.objects.get(holdout__pk=name).file_key)
        )
        for name in found.holdouts
    ]
    return client_draws.is_repeated(found, shards)


@pytest.mark.parametrize("labels", [LABELS, GROUPED], ids=["single", "grouped"])
@pytest.mark.parametrize("more", [(), ("--stratify",)], ids=["", "stratified"])
def test_the_seed_comes_with_the_last_shard_and_gives_the_draw_again(
    tmp_path: Path, weather: Benchmark, labels: str, more: tuple[str, ...]
) -> None:
    holdouts = sealed(tmp_path, weather, labels, *more)
    committed = Draw.objects.get().seed_sha256
    for holdout in holdouts:
        assert not DisclosedDraw.objects.exists()
        disclose(holdout)

    file = DisclosedDraw.objects.get()
    content = content_files.load(file_key=file.file_key)
    told = json.loads(content)
    assert hashlib.sha256(bytes.fromhex(told["seed"])).hexdigest() == committed
    assert told["holdouts"] == [str(each.pk) for each in holdouts]
    assert repeated(content)
    other = {**told, "seed": hashlib.sha256(b"another").hexdigest()}
    assert not repeated(json.dumps(other).encode())
    found = [each["n_items"] for each in told["exchangeability"]["shards"]]
    assert found == [each.n_items for each in holdouts]
    assert {each["of"] for each in told["exchangeability"]["tests"]} >= {
        "class rain",
        "order of ids",
    }
    journal.verify(benchmark_id=weather.pk)


def test_a_moved_item_is_found(tmp_path: Path, weather: Benchmark) -> None:
    for holdout in sealed(tmp_path, weather, LABELS):
        disclose(holdout)
    found = client_draws.parsed(content_files.load(file_key=DisclosedDraw.objects.get().file_key))
    shards = [
        client_disclosures.parsed(
            content_files.load(file_key=DisclosedFile.objects.get(holdout__pk=name).file_key)
        )
        for name in found.holdouts
    ]
    lines = [each.text.splitlines(keepends=True) for each in shards]
    lines[0][1], lines[1][1] = lines[1][1], lines[0][1]
    moved = [
        dataclasses.replace(each, text="".join(own))
        for each, own in zip(shards, lines, strict=True)
    ]

    assert client_draws.is_repeated(found, shards)
    assert not client_draws.is_repeated(found, moved)


def test_it_stays_shut_while_one_shard_is(
    tmp_path: Path, weather: Benchmark, settings: Settings
) -> None:
    serve_the_api(settings)
    first, second, third = sealed(tmp_path, weather, LABELS)
    disclose(first)
    disclose(second)
    Holdout.objects.filter(pk=third.pk).update(status="RETIRED")

    assert draw_disclosures.due() == []
    tasks.sweep_disclosures()
    with pytest.raises(TransitionError, match="the last of its shards"):
        draw_disclosures.carry_out(batch=first.batch, clock=lambda: NOW)

    assert not DisclosedDraw.objects.exists()
    assert problem(Caller().get(f"benchmarks/weather/draws/{first.batch}/")) == (404, "not_found")


@pytest.mark.parametrize("step", ["_opened", "content_files.store", "DisclosedDraw.objects.create"])
def test_killed_anywhere_it_is_done_by_the_next_sweep(
    tmp_path: Path, weather: Benchmark, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first, second, third = sealed(tmp_path, weather, LABELS)
    disclose(first)
    disclose(second)
    with monkeypatch.context() as patched:
        patched.setattr(f"vault.sealing.draw_disclosures.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            disclose(third)
    assert not DisclosedDraw.objects.exists()

    with acting_as("audit"):
        tasks.sweep_disclosures()
        tasks.sweep_disclosures()

    assert DisclosedDraw.objects.count() == 1
    assert JournalEntry.objects.filter(kind="draw_disclosed").count() == 1


def test_a_seed_that_was_exchanged_is_not_published(tmp_path: Path, weather: Benchmark) -> None:
    first, second, third = sealed(tmp_path, weather, LABELS)
    disclose(first)
    disclose(second)
    record = DrawRecord.objects.get()
    record.ciphertext = bytes(record.ciphertext)[:-1] + b"x"
    record.save()

    with pytest.raises(LabelsUnavailableError):
        disclose(third)

    assert not DisclosedDraw.objects.exists()


def test_the_api_says_what_was_committed_to_and_what_came_of_it(
    tmp_path: Path, weather: Benchmark, settings: Settings
) -> None:
    serve_the_api(settings)
    holdouts = sealed(tmp_path, weather, LABELS)
    before = Caller().get("benchmarks/weather/").json()
    for holdout in holdouts:
        disclose(holdout)
    after = Caller().get("benchmarks/weather/").json()

    assert before["draws"] == [
        {
            "batch": str(holdouts[0].batch),
            "seed_sha256": Draw.objects.get().seed_sha256,
            "holdouts": [str(each.pk) for each in holdouts],
            "disclosed": None,
        }
    ]
    assert {each["batch"] for each in before["holdouts"]} == {str(holdouts[0].batch)}
    shown = after["draws"][0]["disclosed"]
    response = Caller().ask("GET", shown["url"])
    assert hashlib.sha256(response.content).hexdigest() == shown["sha256"]
    assert (response["ETag"], len(response.content)) == (f'"{shown["sha256"]}"', shown["size"])


def test_the_record_is_sealed_for_the_audit_key_alone(tmp_path: Path, weather: Benchmark) -> None:
    sealed(tmp_path, weather, LABELS)

    draw = Draw.objects.get()
    purposes = set(draw.wrapped_keys.values_list("sealing_key__purpose", flat=True))
    assert purposes == {"audit"}
