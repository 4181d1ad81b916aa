"""Sizes that the sealing form proposes for a number of rounds, before anything is sealed."""

import re

import pytest

from tests.vault.admin.test_sealing import GOOD, benchmark, seal, send
from tests.vault.factories import acting_as
from vault.models import Benchmark, Holdout

__all__ = ["benchmark"]

pytestmark = pytest.mark.usefixtures("installation")


def test_sizes_are_proposed_before_anything_is_sealed(benchmark: Benchmark) -> None:
    answer = send(benchmark, GOOD, query="", fresh="", sealed="", rounds="2")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Proposed shards" in page
    filled = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)
        for name in ("query", "fresh", "sealed")
    }
    sizes = {name: found.group(1) for name, found in filled.items() if found is not None}
    assert sizes == {"query": "20", "fresh": "20", "sealed": "rest"}
    assert "Smallest overstatement found, 20 % differ" in page
    assert not Holdout.objects.exists()
    asked = send(benchmark, GOOD, **sizes).content.decode()
    assert 'name="confirm" value="nothing_found"' in asked
    assert "What to do: seal for fewer rounds" in asked
    assert not Holdout.objects.exists()

    sealed = seal(benchmark, GOOD, **sizes)
    with acting_as("researcher"):
        page = sealed.client.get(sealed["Location"]).content.decode()
    assert "Stock of labels: 2 auditable rounds left (1 if each is published in full)." in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rounds": "9"}, "60 items are too few for 9 auditable rounds"),
        ({"rounds": "2", "kind": "stress"}, "only iid shards judge"),
        ({"rounds": "0"}, "greater than or equal to 1"),
        ({}, "Say how many items go into which shard."),
    ],
)
def test_what_cannot_be_proposed_is_refused(
    benchmark: Benchmark, given: dict[str, str], said: str
) -> None:
    answer = send(benchmark, GOOD, query="", fresh="", sealed="", **given)

    assert said.lower() in answer.content.decode().lower()
    assert not Holdout.objects.exists()
