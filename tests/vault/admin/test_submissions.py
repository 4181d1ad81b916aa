"""Submissions in the admin: what was released of a file, and what only stood on display beside it."""

import re

import pytest

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault.models import Final, Release, Round
from vault.people.groups import ORGANIZER

pytestmark = pytest.mark.usefixtures("installation")


@pytest.mark.parametrize(
    ("outcome", "released"), [("improved", "0.75"), ("no_improvement", "—"), ("cap_used", "—")]
)
def test_value_that_an_answer_repeats_is_not_the_submissions_own(
    stage: Stage, outcome: str, released: str
) -> None:
    later = stage.world.submit(stage.world.teams["alpha"], stage.world.labels).submission
    Release.objects.create(
        submission=later, value=0.75, outcome=outcome, released_at=stage.world.now
    )
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        page = client.get(url("vault_submission_change", later.pk)).content.decode()
        listed = client.get(url("vault_submission_changelist") + "?o=5").content.decode()

    shown = re.findall(r'<div class="readonly">([^<]*)</div>', page)
    assert shown.count("0.75") == (2 if released == "0.75" else 1)
    assert f'<td class="field-released">{released}</td>' in listed


def test_released_value_has_the_digits_of_its_grid(stage: Stage) -> None:
    Round.objects.update(mechanism="guarded_ladder", parameters={"b": 5, "c": 0.1, "z": 2.0})
    later = stage.world.submit(stage.world.teams["alpha"], stage.world.labels).submission
    Release.objects.create(
        submission=later, value=36 / 49, outcome="scored", released_at=stage.world.now
    )
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        page = client.get(url("vault_submission_changelist")).content.decode()

    assert '<td class="field-released">0.735</td>' in page


@pytest.mark.parametrize(
    ("is_declared", "words"),
    [(None, "no"), (True, "yes, declared by the team"), (False, "yes, as the team declared none")],
)
def test_page_says_whether_it_is_the_final(
    stage: Stage, is_declared: bool | None, words: str
) -> None:
    later = stage.world.submit(stage.world.teams["alpha"], stage.world.labels).submission
    if is_declared is not None:
        Final.objects.update_or_create(
            round=later.round,
            team=later.team,
            defaults={
                "submission": later,
                "is_declared": is_declared,
                "chosen_at": stage.world.now,
            },
        )
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_submission_change", later.pk)).content.decode()

    assert f'<div class="readonly">{words}</div>' in page


def test_page_has_words_for_its_columns(stage: Stage) -> None:
    later = stage.world.submit(stage.world.teams["alpha"], stage.world.labels).submission
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_submission_change", later.pk)).content.decode()

    labels = {each.strip().rstrip(":") for each in re.findall(r"<label[^>]*>([^<]*)</label>", page)}
    assert {"CI run", "Times that a worker took it", "SHA-256 of the predictions"} <= labels
    names = {"Ci run url", "Fence", "Sha256", "N exceptions", "N faults", "Latency p95 ms"}
    assert labels.isdisjoint(names)
