"""A year with a benchmark: what docs/a-year.md says, done word for word."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from tests.year.clock import Clock
from tests.year.files import Truth
from tests.year.ledger import Ledger
from tests.year.season import Year
from tests.year.story import STEPS, Story
from tests.year.workers import Workers
from vault.models import JournalEntry

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("installation")]

SEED = 20261127
NAMED = re.compile(
    r"\*\*(.+?)\*\*|(manage [a-z_]+|holdout verify-[a-z]+|run\.py seal-batch|run\.py seal)\b"
)
# Acts that ask for a reason, and what the journal calls them.
KIND_OF = {
    "correct": "correction_requested",
    "move-deadline": "deadline_moved",
    "merge": "team_merged",
    "repeat-audit": "audit_repeated",
    "disclose": "disclosure_requested",
}
# How often each act of the year is in the journal.
JOURNALED = {
    "benchmark_created": 1,
    "team_created": 5,
    "token_issued": 5,
    "seal": 3,
    "envelope_opened": 1,
    "seal_verified": 1,
    "round_planned": 12,
    "round_open": 12,
    "round_closing": 12,
    "round_closed": 12,
    "audit_requested": 0,
    "round_audited": 12,
    "publication_requested": 12,
    "round_published": 12,
    "correction_requested": 2,
    "labels_corrected": 2,
    "round_rescored": 1,
    "deadline_moved": 1,
    "keys_rotated": 2,
    "team_merged": 1,
    "teams_merged": 1,
    "states_merged": 1,
    "items_published": 1,
    "label_provider_added": 1,
    "batch_received": 5,
    "batch_accepted": 5,
    "prospective_scored": 3,
    "audit_repeated": 1,
    "disclosure_requested": 6,
    "holdout_disclosed": 6,
    "draw_disclosed": 1,
}


def test_a_year(clock: Clock, workers: Workers, tmp_path: Path) -> None:
    """Twelve rounds on three label files; what was done in each step is what its heading of the page says."""
    truth = Truth(rng=np.random.default_rng(SEED))
    year = Year(clock=clock, workers=workers, truth=truth, directory=tmp_path)
    story = Story(year=year)
    page = sections((settings.BASE_DIR / "docs" / "a-year.md").read_text())
    assert [heading.lower().replace(" ", "_") for heading in page] == STEPS
    known: list[str] = []
    for heading, named in zip(page, page.values(), strict=True):
        getattr(story, heading.lower().replace(" ", "_"))()
        done = [each for each in dict.fromkeys(year.done) if each not in known]
        assert named == done, f"{heading}: the page names {named}, and {done} was done"
        known += done
    assert sorted(year.boards) == list(range(1, 13))
    check_journal(year)
    check_every_holdout(year)


def sections(page: str) -> dict[str, list[str]]:
    """Read, by heading, the pages of the admin and the commands that it names, in their order."""
    _, *found = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    texts = zip(found[::2], found[1::2], strict=True)
    return {
        heading: list(
            dict.fromkeys(one or other for one, other in NAMED.findall(" ".join(text.split())))
        )
        for heading, text in texts
    }


def check_journal(year: Year) -> None:
    """Each act is in the journal, as often as it was done, and those that asked for a reason with it."""
    entries = [
        (each.kind, json.loads(each.payload).get("reason")) for each in JournalEntry.objects.all()
    ]
    n_of = Counter(kind for kind, _ in entries)
    assert {kind: n_of[kind] for kind in JOURNALED} == JOURNALED
    asked = [(KIND_OF[act], reason) for act, reason in year.organizer.reasons]
    assert {kind for kind, _ in asked} == set(KIND_OF.values())
    assert Counter(asked) <= Counter((k, r) for k, r in entries if k in KIND_OF.values())


def check_every_holdout(year: Year) -> None:
    """At the end the pages of all twelve query holdouts show the ledger's sums, each to its last digit."""
    ledger = Ledger.read(benchmark=year.benchmark, handed_in=year.handed_in)
    asked = [round.query_holdout for round in year.benchmark.rounds.select_related("query_holdout")]
    assert len({each.pk for each in asked}) == 12
    for holdout in asked:
        ledger.check_page(year.organizer.page_of(holdout), holdout=str(holdout.pk))
