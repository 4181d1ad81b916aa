"""Every page of the admin for everybody, with the database rights of the admin's own process.

The pages are read off the site's routes: one that is added and not listed here fails the test.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.vault.admin.stage import (
    ANONYMOUS,
    OUTSIDER,
    PEOPLE,
    SUPERUSER,
    Stage,
    client_of,
    url,
)
from tests.vault.factories import acting_as
from vault.models import (
    Admission,
    Benchmark,
    BudgetEntry,
    Holdout,
    JournalEntry,
    Round,
    Submission,
    Team,
    TeamToken,
)
from vault.people.groups import ORGANIZER, RESEARCHER

EDITED = {"vault_benchmark", "vault_team"}
ADDED = {*EDITED, "vault_holdout", "vault_round"}
SUPERUSERS_ONLY = {"auth_user"}
ACTS = {
    "vault_benchmark": ["publish-items", "add-provider", "revoke-provider"],
    "vault_holdout": ["freshen", "disclose"],
    "vault_round": [
        "admit",
        "open",
        "close",
        "unrank",
        "rank-again",
        "audit",
        "publish",
        "cancel",
        "link-accounts",
        "unlink-accounts",
        "record-appeal",
    ],
    "vault_team": ["issue", "make-link", "cancel-links"],
    "vault_teamtoken": ["revoke"],
    "auth_user": ["password-link", "unlock", "deactivate", "activate"],
}
# Routes without a model: open to who may enter, or to all.
PLAIN = {"index", "password_change", "password_change_done", "vault_journalentry_verify"}
OPEN_TO_ALL = {"login", "jsi18n"}
ELSEWHERE = {"logout", "autocomplete", "view_on_site", "set_password"}


def names(patterns: Any) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def pages(stage: Stage) -> dict[str, tuple[str, str]]:
    """The kind and the address of each page, by its name."""
    found = {name: ("plain", url(name)) for name in PLAIN}
    found["app_list"] = ("plain", url("app_list", "vault"))
    for model, obj in stage.objects.items():
        is_hidden = model in SUPERUSERS_ONLY
        for verb, args in {"changelist": [], "history": [obj.pk], "change": [obj.pk]}.items():
            found[f"{model}_{verb}"] = (
                "hidden" if is_hidden else "plain",
                url(f"{model}_{verb}", *args),
            )
        found[f"{model}_add"] = ("act" if model in ADDED else "hidden", url(f"{model}_add"))
        found[f"{model}_delete"] = ("hidden", url(f"{model}_delete", obj.pk))
        for act in ACTS.get(model, []):
            address = url(f"{model}_act", obj.pk, act)
            found[f"{model}_act {act}"] = ("hidden" if is_hidden else "act", address)
    found["vault_team_roster"] = ("act", url("vault_team_roster"))
    found["vault_holdout_envelope"] = ("act", url("vault_holdout_envelope"))
    found["vault_holdout_keys"] = (
        "plain",
        url("vault_holdout_keys", stage.objects["vault_benchmark"].slug),
    )
    report = stage.report.pk
    found["audits_report_document"] = ("plain", url("audits_report_document", report))
    return found


def expected(kind: str, person: str) -> set[int]:
    if person in (ANONYMOUS, OUTSIDER):
        return {302}
    if kind == "plain":
        return {200}
    if kind == "hidden" or person == RESEARCHER:
        return {403}
    return {200, 302}  # an act that the status does not allow leads back to its object


def rows() -> dict[str, Any]:
    """All that an act could have changed."""
    counted = (Benchmark, Team, TeamToken, JournalEntry, Admission, BudgetEntry, Submission, User)
    return {
        **{model.__name__: model.objects.count() for model in counted},
        "log": LogEntry.objects.count(),
        "rounds": sorted(Round.objects.values_list("pk", "status")),
        "holdouts": sorted(Holdout.objects.values_list("pk", "status")),
        "revoked": TeamToken.objects.exclude(revoked_at=None).count(),
        "titles": sorted(Benchmark.objects.values_list("title", flat=True)),
    }


def test_every_route_is_listed(stage: Stage) -> None:
    routes = set(names(get_resolver("config.admin_urls").url_patterns))

    listed = {name.split(" ")[0] for name in pages(stage)} | OPEN_TO_ALL | ELSEWHERE
    assert routes - listed == set()
    assert listed - routes == set()


@pytest.mark.parametrize("person", PEOPLE)
def test_who_may_look(stage: Stage, person: str) -> None:
    """Invariant 4: the admin's process shows all of this without a right to read what is sealed."""
    client, before = client_of(person), rows()
    addresses = pages(stage)

    with acting_as("researcher"):
        got = {name: client.get(address) for name, (_, address) in addresses.items()}

    wrong = {
        name: response.status_code
        for name, response in got.items()
        if response.status_code not in expected(addresses[name][0], person)
    }
    assert wrong == {}
    assert rows() == before
    if person in (ANONYMOUS, OUTSIDER):
        assert {response["Location"].split("?")[0] for response in got.values()} == {url("login")}


@pytest.mark.parametrize("person", [ANONYMOUS, OUTSIDER, RESEARCHER])
def test_who_may_not_act(stage: Stage, person: str) -> None:
    """Every address answers a POST, whatever its buttons show."""
    client, before = client_of(person), rows()
    given = {"title": "Renamed", "name": "beta", "slug": "beta", "label": "", "scopes": "read"}
    addresses = {
        name: address
        for name, (_, address) in pages(stage).items()
        if not name.startswith("password")
    }

    with acting_as("researcher"):
        answers = {name: client.post(address, given) for name, address in addresses.items()}

    status = 403 if person == RESEARCHER else 302
    assert {n: a.status_code for n, a in answers.items() if a.status_code != status} == {}
    assert rows() == before


def test_a_researcher_with_an_organizers_permissions_still_may_not_act(stage: Stage) -> None:
    """The second lock: permissions that were given by mistake open nothing."""
    organizer = User.objects.get(username=ORGANIZER)
    researcher = User.objects.get(username=RESEARCHER)
    for group in organizer.groups.all():
        researcher.user_permissions.add(*group.permissions.all())
    client, before = client_of(RESEARCHER), rows()

    with acting_as("researcher"):
        answer = client.post(url("vault_round_act", stage.world.round.pk, "close"))

    assert answer.status_code == 403
    assert rows() == before


def test_what_is_append_only_cannot_be_posted_to(stage: Stage) -> None:
    """Invariant 8: not even by a superuser."""
    client, before = client_of(SUPERUSER), rows()
    read_only = set(stage.objects) - EDITED - SUPERUSERS_ONLY

    with acting_as("researcher"):
        answers = {
            (model, verb): client.post(url(f"{model}_{verb}", stage.objects[model].pk), {"post": 1})
            for model in read_only
            for verb in ("change", "delete")
        }

    assert {key: a.status_code for key, a in answers.items() if a.status_code != 403} == {}
    assert rows() == before


def test_nobody_deletes_anything(stage: Stage) -> None:
    client, before = client_of(SUPERUSER), rows()

    with acting_as("researcher"):
        answers = {
            model: client.post(url(f"{model}_delete", obj.pk), {"post": "yes"}).status_code
            for model, obj in stage.objects.items()
        }

    assert set(answers.values()) == {403}
    assert rows() == before


def test_a_form_of_another_site_is_refused(stage: Stage) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        User.objects.get(username=ORGANIZER), backend="django.contrib.auth.backends.ModelBackend"
    )
    before = rows()

    assert client.post(url("vault_round_act", stage.world.round.pk, "close")).status_code == 403
    assert rows() == before


def test_an_unknown_act_or_object_is_not_found(stage: Stage) -> None:
    client = client_of(ORGANIZER)

    with acting_as("researcher"):
        assert client.get(url("vault_round_act", stage.world.round.pk, "delete")).status_code == 404
        assert client.get(url("vault_round_act", 10**6, "close")).status_code == 404
        assert client.get(url("audits_report_document", 10**6)).status_code == 404
