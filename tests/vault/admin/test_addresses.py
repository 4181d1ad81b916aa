"""Addresses that nobody types: whatever stands in a query, the admin answers and does not break."""

import pytest
from django.urls import reverse

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault.groups import ORGANISER

LISTS = (
    *("vault_round", "vault_submission", "vault_team", "vault_teamtoken", "vault_holdout"),
    *("vault_budgetentry", "vault_journalentry", "audits_auditrun", "audits_finding"),
)
HUGE = "9" * 30


def answered(stage: Stage, address: str) -> int:
    with acting_as("researcher"):
        return int(client_of(ORGANISER).get(address, follow=True).status_code)


@pytest.mark.parametrize("model", LISTS)
def test_nul_in_a_query_is_refused(stage: Stage, model: str) -> None:
    """A filter with one answered 500: PostgreSQL takes no such text."""
    address = reverse(f"admin:{model}_changelist")

    for query in ("status__exact=%00", "kind__exact=a%00b", "q=%00", "e=%00", "%00=1"):
        assert answered(stage, f"{address}?{query}") == 400, query


@pytest.mark.parametrize("model", LISTS)
def test_query_that_fits_nothing_breaks_nothing(stage: Stage, model: str) -> None:
    address = reverse(f"admin:{model}_changelist")

    for query in (
        *(f"id__exact={HUGE}", f"round__id__exact={HUGE}", f"team__id__exact={HUGE}"),
        *("id__exact=x", "id__in=x,y", "id__isnull=x", "status__exact=nothing", "o=x.99", "p=x"),
        *(f"p={HUGE}", f"o={HUGE}", "q=%ED%A0%80", "status__exact=%ED%A0%80"),
    ):
        assert answered(stage, f"{address}?{query}") in (200, 400), query


def test_path_with_nul_or_a_huge_id_is_not_found_or_refused(stage: Stage) -> None:
    rounds = reverse("admin:vault_round_changelist")

    assert answered(stage, f"{rounds}%00/change/") == 400
    assert answered(stage, url("vault_round_act", HUGE, "open")) == 404
    assert answered(stage, f"{rounds}{HUGE}/change/") in (200, 404)
    for benchmark in (HUGE, "x", "٣"):
        assert answered(stage, f"{rounds}add/?benchmark={benchmark}") == 200
