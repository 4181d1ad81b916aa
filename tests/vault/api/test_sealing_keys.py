"""The file of public keys: for whoever may see the benchmark, and with nothing secret in it."""

import json

import pytest

from tests.vault.api.stage import Caller, problem
from tests.vault.factories import World, acting_as, make_world
from vault.models import Benchmark, SealingKey
from vault.sealing import sealing_sheet

pytestmark = pytest.mark.usefixtures("vault_keys")


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("weather")


def test_it_is_what_the_command_reads(world: World) -> None:
    with acting_as("web"):
        answer = Caller().get("benchmarks/weather/sealing-keys/")
    sheet = sealing_sheet.read(answer.content)

    assert {each.kid for each in sheet.keys} == set(
        SealingKey.objects.values_list("kid", flat=True)
    )
    assert sheet.panel is not None
    assert (sheet.panel.version, sheet.panel.n_items) == (1, 300)
    assert sheet.panel.sha256 == world.panel.sha256
    assert json.loads(answer.content)["format"] == "holdout-vault-sealing-keys/1"


def test_caches_hear_that_nothing_changed(world: World) -> None:
    first = Caller().get("benchmarks/weather/sealing-keys/")
    again = Caller().get("benchmarks/weather/sealing-keys/", **{"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_of_a_private_benchmark_strangers_get_none(world: World) -> None:
    Benchmark.objects.update(visibility="private")

    answer = Caller().get("benchmarks/weather/sealing-keys/")

    assert problem(answer) == (404, "not_found")
