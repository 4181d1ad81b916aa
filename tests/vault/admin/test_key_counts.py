"""What is sealed for each key, on a benchmark's page."""

import html
import re

import pytest

from tests.audits import awaited_round
from tests.vault.admin.stage import client_of, url
from tests.vault.corrected import ask_to_replace
from tests.vault.factories import acting_as
from vault.models import SealingKey
from vault.people.groups import RESEARCHER
from vault.sealing import key_counts

pytestmark = pytest.mark.usefixtures("transactional_db", "installation")


def test_the_benchmarks_page_counts_corrections_and_late_labels() -> None:
    made = awaited_round.published("later")
    assert made.delivered(range(30)).status == "ACCEPTED"
    made.deliver(made.rows(range(30, 60)))
    ask_to_replace(made.world, {4: 1 - int(made.world.labels[4])})
    benchmark = made.world.benchmark
    kid = SealingKey.objects.get(purpose="audit").kid

    with acting_as("researcher"):
        answer = client_of(RESEARCHER).get(url("vault_benchmark_change", benchmark.pk))

    text = re.sub(r"(<[^>]*>|\s)+", " ", html.unescape(answer.content.decode()))
    rows = text.partition("Batches of late labels")[2]
    found = key_counts.sealed_for(kids=[kid], benchmark=benchmark)[kid]
    assert kid[:16] in rows
    assert f"seals {found.labels} {found.draws} 1 2" in rows
