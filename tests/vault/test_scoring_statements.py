"""How many statements scoring one file costs PostgreSQL, under a mechanism without and with a baseline."""

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.vault.factories import make_keys, make_world

pytestmark = pytest.mark.django_db(transaction=True)

# Whose it is, the claim, the submission, its ledger lines, which labels count, the incumbent: the labels are
# open already. Then one transaction: the labels held and seen to be those, settled, the account that was
# charged, the state locked and moved, the raw score, the mechanism's input, the release, the account's line,
# the journal; the next claim.
N_STATEMENTS = 20


@pytest.mark.parametrize(
    ("mechanism", "parameters"), [("exact", {}), ("guarded_ladder", {"b": 10})]
)
def test_scoring_a_file(
    mechanism: str, parameters: dict[str, int], tmp_path: Path, settings: Settings
) -> None:
    """Of a team that was scored before: its first query makes its state."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    world = make_world("counted", mechanism=mechanism, parameters=parameters)
    world.open(baseline=world.wrong_at(range(150)))
    team = world.team("ours")
    world.answered(team, world.wrong_at(range(10)))
    submission = world.submit(team, world.wrong_at(range(20, 140))).submission

    with CaptureQueriesContext(connection) as queries:
        scored = world.score(submission)

    assert scored.status == "SCORED"
    # The test itself looks at the row afterwards.
    moved = [each["sql"] for each in queries if 'SET "state"' in each["sql"]]
    assert len(queries) - 1 == N_STATEMENTS, "\n".join(each["sql"][:200] for each in queries)
    assert len(moved) == 1


def test_the_page_says_so(settings: Settings) -> None:
    page = (settings.BASE_DIR / "docs" / "performance.md").read_text()
    said = re.findall(r"^\| scoring a file, .+ \| \d+ \| (\d+) \|$", page, flags=re.MULTILINE)
    assert said == [str(N_STATEMENTS)] * 2
