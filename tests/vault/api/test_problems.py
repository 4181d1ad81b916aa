"""Errors as problem+json: every kind of error has its answer, and no answer tells what it should not."""

import datetime as dt
import json
import logging
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.urls import URLPattern, get_resolver
from rest_framework import exceptions
from rest_framework.settings import api_settings

from config import urls
from tests.vault.api.stage import PROBLEM, Caller, a_world, domain_errors, problem
from vault import errors
from vault.api import limits, problem_codes, problems

SECRET = "hunter2 at 10.0.0.7"


def boom(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_not_allowed(method: str) -> None:
    response = Caller().ask(method, "/api/v1/benchmarks/")

    assert problem(response) == (405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_options_names_the_methods_and_describes_nothing() -> None:
    """The description does; another one per view would be one more thing to keep honest."""
    response = Caller().ask("OPTIONS", "/api/v1/benchmarks/")

    assert (response.status_code, response.content) == (200, b"")
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/benchmarks/", "/admin/", "/static/x", "//evil.example/%2e%2e"]
)
def test_what_has_no_route_is_not_found(path: str) -> None:
    assert problem(Caller().ask("GET", path)) == (404, "not_found")


def test_error_to_a_head_has_no_body() -> None:
    response = Caller().ask("HEAD", "/api/v1/benchmarks/nowhere/")

    assert (response.status_code, response.content) == (404, b"")


def test_unknown_host_is_a_bad_request(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["vault.example"]

    response = Caller().ask("GET", "/api/v1/benchmarks/", headers={"Host": "evil.example"})

    assert problem(response) == (400, "malformed_request")
    assert "evil" not in response.content.decode()


def test_probes_are_answered_by_any_name(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["vault.example"]

    response = Caller().ask("GET", "/healthz", headers={"Host": "10.0.0.7:8000"})

    assert response.status_code == 200


@pytest.mark.parametrize("error", [OperationalError(SECRET), InterfaceError(SECRET)])
def test_lost_database_may_be_tried_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("vault.api.selectors.visible_benchmarks", boom(error))

    response = Caller().get("benchmarks/")

    assert problem(response) == (503, "unavailable")
    assert response["Retry-After"] == "5"
    assert SECRET not in response.content.decode()
    assert SECRET not in caplog.text


def internal_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> dict[str, Any]:
    monkeypatch.setattr("vault.api.selectors.visible_benchmarks", boom(error))
    with caplog.at_level(logging.ERROR):
        response = Caller(expects_500=True).get("benchmarks/")
    assert caplog.records
    shown: dict[str, Any] = response.json()
    assert (response.status_code, shown["code"]) == (500, "internal_error")
    return shown


@pytest.mark.parametrize(
    "error", [ValueError(SECRET), errors.LabelsUnavailableError(SECRET), KeyError(SECRET)]
)
def test_what_nobody_foresaw_says_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert SECRET not in str(internal_error(error, monkeypatch, caplog))


@pytest.mark.parametrize("kind", domain_errors(inside=False))
def test_domain_errors_become_problems(kind: type[errors.VaultError]) -> None:
    slot = dt.datetime(2026, 3, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    error = kind("what people read", next_slot_at=slot, retry_after=1.2, limit=None)

    response = problems.handle_exception(error, {})

    assert response is not None
    assert response.status_code == problem_codes.CATALOGUE[kind.code].status
    assert response["Retry-After"] == "2"
    policy = {"policy": limits.POLICIES[kind]} if kind in limits.POLICIES else {}
    assert json.loads(response.content) == {
        **policy,
        "type": f"/problems/{kind.code}",
        "title": problem_codes.CATALOGUE[kind.code].title,
        "status": response.status_code,
        "code": kind.code,
        "detail": "What people read",
        "next_slot_at": "2026-03-01T12:00:00Z",
        "retry_after": 1.2,
    }


def test_codes_tell_errors_apart() -> None:
    codes = [kind.code for inside in (True, False) for kind in domain_errors(inside=inside)]
    assert len(set(codes)) == len(codes)


def test_errors_of_the_inside_have_no_status() -> None:
    """What is no answer to a team is logged and becomes a 500."""
    inside = {kind.__name__ for kind in domain_errors(inside=True)}

    assert inside == {
        "VaultError",
        "BenchmarkError",
        "BudgetError",
        "CorrectedMeanwhileError",
        "PackedBodyError",
        "UnpackedSizeError",
        "AdmissionError",
        "PlanError",
        "UnrankingError",
        "ActError",
        "PersonError",
        "TimeLimitError",
        "RosterError",
        "SealingError",
        "LabelsUnavailableError",
        "StoredFileError",
        "SigningKeyError",
        "StaleClaimError",
        "IncumbentMovedError",
        "JournalError",
    }


def test_every_code_has_a_title() -> None:
    assert set(problems.CODES.values()) <= set(problem_codes.CATALOGUE)
    assert all(each.title for each in problem_codes.CATALOGUE.values())


@pytest.mark.parametrize("wait", [0, 0.2, 1, 1.0001, 59.5])
def test_retry_after_is_never_too_early(wait: float) -> None:
    response = problems.handle_exception(exceptions.Throttled(wait), {})

    assert response is not None
    assert response.status_code == 429
    assert int(response["Retry-After"]) >= max(1, wait)


@pytest.mark.parametrize(
    ("handler", "status"), [("handle_400", 400), ("handle_403", 403), ("handle_500", 500)]
)
def test_what_fails_outside_of_the_views_is_a_problem_too(handler: str, status: int) -> None:
    assert getattr(urls, f"handler{status}") == f"vault.api.problems.{handler}"
    arguments: list[Any] = [] if status == 500 else [ValueError(SECRET)]

    response = getattr(problems, handler)(HttpRequest(), *arguments)

    assert (response.status_code, response["Content-Type"]) == (status, PROBLEM)
    assert SECRET not in json.dumps(json.loads(response.content))


def test_every_view_has_said_who_may_ask() -> None:
    """Default-deny: a view without permissions answers nobody, and none is left like that."""
    for route in get_resolver("config.urls").url_patterns:
        assert isinstance(route, URLPattern)
        view: Any = route.callback.view_class  # type: ignore[attr-defined]
        own = [
            vars(each)
            for each in view.__mro__
            if each.__module__.startswith(("vault.", "audits.", "webhooks."))
        ]
        said = {name for each in own for name in each}
        assert {"permission_classes", "get_permissions"} & said, route.name


def test_view_that_names_no_permission_answers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    monkeypatch.setattr(
        "vault.api.benchmarks.BenchmarkList.permission_classes",
        api_settings.DEFAULT_PERMISSION_CLASSES,
    )

    assert problem(Caller().get("benchmarks/")) == (401, "not_authenticated")
    assert problem(Caller(world.team("ours")).get("benchmarks/")) == (403, "forbidden")
