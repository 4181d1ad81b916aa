"""What was sealed elsewhere so that it never opens keeps no key in use, and no rotation from the others."""

from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.vault.factories import NOW, acting_as
from tests.vault.sealed_weather import make_benchmark, make_keys, open_labels
from tests.vault.sealed_weather import seal as sealed_here
from tests.vault.sealing.sealed_offline import look_into, seal, take_in
from tests.vault.sealing.test_verification import (
    bound_to_another_benchmark,
    with_a_wrong_commitment,
)
from vault.errors import LabelsUnavailableError
from vault.models import (
    Benchmark,
    DrawKey,
    DrawRecord,
    JournalEntry,
    SealedBlob,
    SealedEnvelope,
    SealingKey,
    WrappedKey,
)
from vault.sealing import crypto, envelopes, key_counts, rotation, sealing_keys
from vault.sealing.rotation import Rotated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def weather(tmp_path: Path, settings: Settings, transactional_db: None) -> Benchmark:
    make_keys(tmp_path, settings)
    return make_benchmark()


def renew(tmp_path: Path) -> SealingKey:
    old = sealing_keys.active(purpose="audit")
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    return old


def rotate(*, deep: bool = False) -> Rotated:
    with acting_as("audit"):
        return rotation.rotate(
            purpose="audit", deep=deep, files=[], actor="test", clock=lambda: NOW
        )


def n_left(old: SealingKey) -> int:
    return key_counts.sealed_for(kids=[old.kid])[old.kid].total


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("is_refused", [False, True])
def test_an_envelope_that_never_opens_is_named_and_stops_nothing(
    tmp_path: Path, weather: Benchmark, is_refused: bool, deep: bool
) -> None:
    bad = bound_to_another_benchmark(weather)
    take_in(weather, bad)
    if is_refused:
        look_into(envelopes.read(bad))
    query, fresh, *_ = sealed_here(make_benchmark("later"), NOW)
    old = renew(tmp_path)
    n = n_left(old)

    done = rotate(deep=deep)

    assert (done.n, done.missing, done.undone, n_left(old)) == (n, [], [], 0)
    batch = SealedEnvelope.objects.get().draw
    names = [*(f"shard {each}" for each in batch.holdout_ids), f"record of the draw {batch.pk}"]
    assert sorted(done.unopened) == sorted(f"{weather.slug}: {name}" for name in names)
    again = rotate(deep=deep)
    assert (again.n, again.unopened) == (0, [])
    # The older key can be taken away: what is right still opens, and what is not is refused.
    file = tmp_path / "audit.pem"
    file.write_bytes(crypto.private_keys_in(file.read_bytes())[0])
    look_into(envelopes.read(bad))
    assert SealedEnvelope.objects.get().status == "REFUSED"
    assert open_labels(fresh, "audit", NOW).labels.size == fresh.n_items
    assert open_labels(query, "scoring", NOW).labels.size == query.n_items


def test_labels_in_a_refused_envelope_are_kept_from_an_older_key_too(
    tmp_path: Path, weather: Benchmark
) -> None:
    """They may be true, and be sealed once more: a deep rotation takes them from whoever has the key."""
    content = with_a_wrong_commitment(weather)
    take_in(weather, content)
    look_into(envelopes.read(content))
    assert SealedEnvelope.objects.get().status == "REFUSED"
    before = {*SealedBlob.objects.values_list("sha256"), *DrawRecord.objects.values_list("sha256")}
    old = renew(tmp_path)

    done = rotate(deep=True)

    assert (done.unopened, n_left(old)) == ([], 0)
    after = {*SealedBlob.objects.values_list("sha256"), *DrawRecord.objects.values_list("sha256")}
    assert not before & after


def test_the_command_names_what_never_opened_and_is_done(
    tmp_path: Path, weather: Benchmark
) -> None:
    take_in(weather, bound_to_another_benchmark(weather))
    renew(tmp_path)
    said = StringIO()
    call_command("rotate_keys", purpose="audit", stdout=said)

    for holdout in SealedEnvelope.objects.get().draw.holdout_ids:
        assert f"weather: shard {holdout}: its key never opened" in said.getvalue()
    assert "can be taken away" in said.getvalue()


@pytest.mark.parametrize("keys", [WrappedKey, DrawKey])
@pytest.mark.parametrize("is_sealed_here", [True, False])
def test_a_benchmark_that_cannot_be_done_stops_no_other(
    tmp_path: Path, weather: Benchmark, keys: type[WrappedKey | DrawKey], is_sealed_here: bool
) -> None:
    """What was found right once opens no more: nothing of it is touched, and it stays in the count."""
    if is_sealed_here:
        sealed_here(weather, NOW)
    else:
        content = seal(tmp_path, weather)
        take_in(weather, content)
        look_into(envelopes.read(content))
    keys.objects.filter(sealing_key__purpose="audit").update(envelope=bytes(80))
    later = sealed_here(make_benchmark("later"), NOW)[1]
    old = renew(tmp_path)
    n = n_left(old)

    with pytest.raises(CommandError, match="weather: the envelope does not open"):
        call_command("rotate_keys", purpose="audit", stdout=StringIO())

    assert n_left(old) == n - 3
    assert not later.benchmark.draws.filter(wrapped_keys__sealing_key=old).exists()
    assert rotate().undone == ["weather: the envelope does not open with this key"]
    assert open_labels(later, "audit", NOW).labels.size == later.n_items


def test_the_scoring_worker_asks_of_no_envelope(tmp_path: Path, weather: Benchmark) -> None:
    sealed_here(weather, NOW)
    WrappedKey.objects.filter(sealing_key__purpose="scoring").update(envelope=bytes(80))
    sealing_keys.renew(purpose="scoring", private_key_file=tmp_path / "scoring.pem")
    with acting_as("scoring"):
        done = rotation.rotate(
            purpose="scoring", deep=False, files=[], actor="test", clock=lambda: NOW
        )

    assert done.undone == ["weather: the envelope does not open with this key"]
    with pytest.raises(LabelsUnavailableError):
        rotation.rotate(purpose="scoring", deep=True, files=[], actor="t", clock=lambda: NOW)


@pytest.mark.parametrize(("deep", "step"), [(True, "decrypt"), (True, "unwrap"), (False, "unwrap")])
@pytest.mark.parametrize("nth", [0, 1, 3, 4])
def test_a_rotation_while_a_correct_envelope_is_looked_into_gets_it_no_refusal(
    tmp_path: Path,
    weather: Benchmark,
    monkeypatch: pytest.MonkeyPatch,
    deep: bool,
    nth: int,
    step: str,
) -> None:
    """Three shards and the record: before each of them is opened, or once all is read."""
    content = seal(tmp_path, weather)
    query, *_ = take_in(weather, content)
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    real, n = getattr(crypto, step), 0

    def rotate() -> None:
        with monkeypatch.context() as undone:
            undone.setattr(crypto, step, real)
            rotation.rotate(purpose="audit", deep=deep, files=(), actor="t", clock=lambda: NOW)

    def opened(*given: Any) -> Any:
        nonlocal n
        if n == nth:
            rotate()
        n += 1
        found = real(*given)
        if n == nth == 4:
            rotate()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(crypto, step, opened)
        with suppress(LabelsUnavailableError):
            look_into(envelopes.read(content))
    assert SealedEnvelope.objects.get().status in ("RECEIVED", "VERIFIED")
    assert not WrappedKey.objects.exclude(sealing_key__is_active=True).exists()
    look_into(envelopes.read(content))

    assert SealedEnvelope.objects.get().status == "VERIFIED"
    assert not JournalEntry.objects.filter(kind="seal_refused").exists()
    assert len(open_labels(query, "scoring", NOW).labels) == query.n_items
