"""A year with a benchmark: what docs/a-year.md says, done word for word through the admin and the API alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.year.clock import Clock
from tests.year.files import Truth
from tests.year.ledger import Ledger
from tests.year.season import Year
from tests.year.story import STEPS, Story
from tests.year.workers import Workers
from vault.models import JournalEntry

pytestmark = pytest.mark.usefixtures("installation")

SEED = 20261127


def test_a_year(clock: Clock, workers: Workers, tmp_path: Path) -> None:
    """Twelve rounds on three label files; what was done in each step is what its heading of the page says."""
    truth = Truth(rng=np.random.default_rng(SEED))
    year = Year(clock=clock, workers=workers, truth=truth, directory=tmp_path)
    story = Story(year=year)
    for step in STEPS:
        getattr(story, step)()
    assert sorted(year.boards) == list(range(1, 13))
    check_reasons(year)
    check_every_holdout(year)


def check_reasons(year: Year) -> None:
    """Each act that asked for a reason is in the journal with it."""
    payloads = JournalEntry.objects.values_list("payload", flat=True)
    journaled = {json.loads(each).get("reason") for each in payloads}
    assert len(year.organizer.reasons) >= 6
    assert set(year.organizer.reasons) <= journaled


def check_every_holdout(year: Year) -> None:
    """At the end the pages of all twelve query holdouts show the ledger's sums, each to its last digit."""
    ledger = Ledger.read(benchmark=year.benchmark, handed_in=year.handed_in)
    asked = [round.query_holdout for round in year.benchmark.rounds.select_related("query_holdout")]
    assert len({each.pk for each in asked}) == 12
    for holdout in asked:
        ledger.check_page(year.organizer.page_of(holdout), holdout=str(holdout.pk))
