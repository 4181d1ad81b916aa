"""What is left, as organizers read it: a sentence first, then ordinary numbers."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.vault.admin.stage import Stage, client_of, url
from vault.admin.pages import NAT, figure, nats
from vault.models import Admission, BudgetEntry, Round
from vault.people.groups import ORGANIZER

pytestmark = pytest.mark.usefixtures("installation")


def page(address: str) -> str:
    return " ".join(client_of(ORGANIZER).get(address).content.decode().split())


def test_account_begins_with_the_teams_sentence(stage: Stage) -> None:
    """Its one query is refunded, as that of a cancelled submission, so that all ten are left."""
    account = stage.world.round.admissions.get()
    assert account.entries.count() == 1
    BudgetEntry.objects.create(
        admission=account, submission=stage.submission, kind="REFUND", at=timezone.now()
    )
    Admission.objects.filter(pk=account.pk).update(k=1_234, reserved_nats=1461.2)
    Round.objects.filter(pk=account.round_id).update(
        status="OPEN",
        opens_at=timezone.now() - dt.timedelta(days=1),
        closes_at=timezone.now() + dt.timedelta(days=1),
        window_limit=5,
        concurrent_limit=5,
        window_seconds=86_400,
    )

    text = page(url("vault_admission_change", account.pk))
    listed = page(url("vault_admission_changelist"))

    sentence = "1,234 of 1,234 queries are left in this round; 5 of 5 in 24 hours can be used now."
    assert sentence in text
    assert text.index(sentence) < text.index("nats")
    assert f"1,461 (what answers tell of the labels at most; {NAT})" in text
    assert "(1 nat is 1.44 bits)" not in listed  # what fits the list
    assert "queries in 24 hours" in text
    assert "1,461" in listed


def test_pages_of_round_and_team_say_how_many_queries_are_left(stage: Stage) -> None:
    account = stage.world.round.admissions.get()
    Admission.objects.filter(pk=account.pk).update(k=1_001)
    Round.objects.filter(pk=account.round_id).update(window_seconds=86_400)

    of_round = page(url("vault_round_change", account.round_id))
    of_team = page(url("vault_team_change", account.team_id))

    assert "1,000 of 1,001" in of_round
    assert "1,000 of 1,001" in of_team
    assert "24 hours" in of_round
    assert "86400" not in of_round


def test_a_round_that_is_over_has_no_queries_left(stage: Stage) -> None:
    account = stage.world.round.admissions.get()
    Admission.objects.filter(pk=account.pk).update(k=1_001)
    Round.objects.filter(pk=account.round_id).update(status="PUBLISHED")

    said = "none: the round is over; 1 of 1,001 were used"
    assert said in page(url("vault_round_change", account.round_id))
    assert said in page(url("vault_team_change", account.team_id))
    listed = page(url("vault_admission_changelist"))
    assert "none, the round is over" in listed
    assert "1,000" not in listed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.00004, "less than 0.01"),
        (7.314, "7.31"),
        (99.96, "100"),
        (1461.2, "1,461"),
        (2e7, "20,000,000"),
    ],
)
def test_nats_are_ordinary_numbers(value: float, shown: str) -> None:
    assert nats(value) == shown


def test_figures_are_never_in_scientific_notation() -> None:
    assert (figure(0.000048), figure(12_345_678.0), figure(-0.0)) == ("0.000048", "12345700", "0")
    assert (figure(12_345.678, digits=4), figure(None)) == ("12350", "—")
