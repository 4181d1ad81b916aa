"""Addresses that nobody types: whatever stands in a query, the admin answers and does not break."""

import pytest
from django.contrib.admin.views.main import ChangeList
from django.db import ProgrammingError
from django.http import HttpRequest
from django.urls import reverse

from tests.vault.admin.stage import SUPERUSER, Stage, client_of, url
from tests.vault.factories import acting_as
from vault.people.groups import ORGANIZER

LISTS = (
    *("vault_round", "vault_submission", "vault_team", "vault_teamtoken", "vault_holdout"),
    *("vault_budgetentry", "vault_journalentry", "audits_auditrun", "audits_finding"),
)
HUGE = "9" * 30


def answered(stage: Stage, address: str, *, person: str = ORGANIZER) -> int:
    with acting_as("researcher"):
        return int(client_of(person).get(address, follow=True).status_code)


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


@pytest.mark.parametrize(
    ("model", "at"),
    [
        *(
            ("vault_journalentry", "at"),
            ("vault_budgetentry", "at"),
            ("vault_admission", "admitted_at"),
        ),
        *(
            ("vault_submission", "submitted_at"),
            ("vault_round", "opens_at"),
            ("vault_team", "created_at"),
        ),
        *(("vault_teamtoken", "created_at"), ("audits_auditrun", "finished_at")),
        *(("auth_user", "date_joined"), ("vault_holdout", "sealed_at")),
    ],
)
def test_date_that_no_calendar_has_is_a_wrong_filter(stage: Stage, model: str, at: str) -> None:
    """The years 0, 9999 and 99999 answered 500, on lists with a bar of dates and on those without."""
    address = reverse(f"admin:{model}_changelist")

    for query in (
        *(f"{at}__year={year}" for year in ("0", "-1", "9999", "99999", HUGE, "x", "")),
        *(f"{at}__month={month}" for month in ("13", "0", "-1", HUGE)),
        *(f"{at}__day={day}" for day in ("99", "0", HUGE)),
        *(f"{at}__year=9999&{at}__month=12", f"{at}__year=2026&{at}__month=13"),
        *(
            f"{at}__year=2026&{at}__month=2&{at}__day=99",
            f"{at}__year=9999&{at}__month=12&{at}__day=31",
        ),
        *(
            f"{at}__year__gte=0",
            f"{at}__date__year=0",
            f"{at}__iso_year=99999",
            f"{at}__regex=(",
            f"{at}__range=",
            f"{at}__year__range=1",
        ),
    ):
        assert answered(stage, f"{address}?{query}", person=SUPERUSER) in (200, 400), query


def test_wrong_year_leads_to_the_list_without_a_filter(stage: Stage) -> None:
    address = reverse("admin:vault_submission_changelist")

    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(f"{address}?submitted_at__year=0")

    assert (answer.status_code, answer["Location"]) == (302, f"{address}?e=1")


@pytest.mark.parametrize(
    ("query", "is_narrowed"),
    [("", False), ("?o=1", False), ("?q=alpha", True), ("?is_active__exact=1", True)],
)
def test_a_list_offers_all_of_itself_only_where_something_is_left_out(
    stage: Stage, query: str, is_narrowed: bool
) -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(f"{reverse('admin:vault_team_changelist')}{query}")

    assert ("Show all" in page.content.decode()) is is_narrowed


def test_filter_by_what_the_role_may_not_read_is_a_wrong_filter(stage: Stage) -> None:
    """Whose keys wrap a holdout's labels is not the admin's to read."""
    address = reverse("admin:vault_holdout_changelist")

    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(f"{address}?wrapped_keys__isnull=0")

    assert (answer.status_code, answer["Location"]) == (302, f"{address}?e=1")


def test_list_that_the_role_may_not_read_is_no_wrong_filter(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost grant was answered 200, and logged nowhere."""

    def refused(self: ChangeList, request: HttpRequest) -> None:
        raise ProgrammingError("permission denied")

    monkeypatch.setattr(ChangeList, "get_results", refused)
    for query in ("", "?e=1", "?status__exact=OPEN"):
        with pytest.raises(ProgrammingError):
            answered(stage, f"{reverse('admin:vault_round_changelist')}{query}")


def test_path_with_nul_or_a_huge_id_is_not_found_or_refused(stage: Stage) -> None:
    rounds = reverse("admin:vault_round_changelist")

    assert answered(stage, f"{rounds}%00/change/") == 400
    assert answered(stage, url("vault_round_act", HUGE, "open")) == 404
    assert answered(stage, f"{rounds}{HUGE}/change/") in (200, 404)
    for benchmark in (HUGE, "x", "٣"):
        assert answered(stage, f"{rounds}add/?benchmark={benchmark}") == 200
