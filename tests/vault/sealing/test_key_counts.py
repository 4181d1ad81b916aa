"""What is sealed for each key: the counts say before what a rotation then wraps anew."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.audits import awaited_round
from tests.vault.corrected import ask_to_replace, reseal
from tests.vault.factories import NOW, acting_as, make_world
from vault.models import Benchmark, SealingKey
from vault.sealing import rotation, sealing_keys
from vault.sealing.key_counts import Sealed, sealed_for

pytestmark = pytest.mark.usefixtures("vault_keys")


@pytest.fixture
def brought(vault_keys: None, settings: Settings, tmp_path: Path) -> Benchmark:
    """A batch and a correction that are settled, and one of each that waits; beside it another benchmark."""
    # A ring of this test alone.
    own = tmp_path / "audit.pem"
    own.write_bytes(Path(settings.AUDIT_PRIVATE_KEY_FILE).read_bytes())
    settings.AUDIT_PRIVATE_KEY_FILE = str(own)
    made = awaited_round.published("later")
    assert made.delivered(range(30)).status == "ACCEPTED"
    assert reseal(ask_to_replace(made.world, {3: 1 - int(made.world.labels[3])}))
    made.deliver(made.rows(range(30, 60)))
    ask_to_replace(made.world, {4: 1 - int(made.world.labels[4])})
    make_world("other")
    return made.world.benchmark


def counts(benchmark: Benchmark | None = None) -> dict[str, Sealed]:
    with acting_as("researcher"):
        keys = SealingKey.objects.values_list("kid", flat=True)
        return sealed_for(kids=list(keys), benchmark=benchmark)


def test_the_old_key_has_as_much_as_a_rotation_moves(
    brought: Benchmark, settings: Settings
) -> None:
    old = sealing_keys.active(purpose="audit").kid
    file = Path(settings.AUDIT_PRIVATE_KEY_FILE)
    new = sealing_keys.renew(purpose="audit", private_key_file=file).kid
    before = counts()[old]
    assert (before.corrections, before.batches) == (2, 2)
    assert counts()[new] == Sealed()

    with acting_as("audit"):
        done = rotation.rotate(
            purpose="audit", deep=False, files=[], actor="test", clock=lambda: NOW
        )

    assert done.n == before.total
    assert counts()[old] == Sealed()
    assert counts()[new] == before
    assert "2 corrections, 2 batches of late labels" in before.line


def test_a_benchmark_counts_what_is_its_own(brought: Benchmark) -> None:
    audit = sealing_keys.active(purpose="audit").kid
    other = Benchmark.objects.get(slug="other")

    assert counts(brought)[audit].batches == 2
    assert counts(other)[audit] == Sealed(labels=2, draws=1)
    assert counts()[audit].total == counts(brought)[audit].total + 3
