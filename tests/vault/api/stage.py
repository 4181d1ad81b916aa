"""A benchmark with an open round, teams with tokens, and somebody who asks as the web process answers.

Nothing is scored here: releases are written as the scoring worker would have written them.
"""

import datetime as dt
import inspect
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.test import Client
from django.utils import timezone
from numpy.typing import NDArray

from tests.vault.factories import World, acting_as, make_world
from vault import errors
from vault.api import problem_codes
from vault.models import Release, Round, Submission, Team
from vault.teams import tokens

N_QUERY, N_FRESH = 20, 40
N_ITEMS = N_QUERY + N_FRESH
# The API goes by the real clock.
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FAR_AHEAD = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
PROBLEM = "application/problem+json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"


def a_world(slug: str = "weather", *, is_open: bool = True, **given: Any) -> World:
    policy = {"opens_at": LONG_AGO, "closes_at": FAR_AHEAD, **given}
    world = make_world(slug, n_query=N_QUERY, n_fresh=N_FRESH, **policy)
    if is_open:
        # Not by `rounds.open_round`, which asks the Ladder for a scored baseline.
        Round.objects.filter(pk=world.round.pk).update(status="OPEN", opened_at=timezone.now())
        world.round.refresh_from_db()
    return world


class Caller:
    """One team's program, or with no team a stranger's; answers are checked to be well formed."""

    def __init__(
        self,
        team: Team | None = None,
        *,
        scopes: Sequence[str] = tokens.SCOPES,
        expects_500: bool = False,
    ) -> None:
        self.headers: dict[str, str] = {}
        self._expects_500 = expects_500
        if team is not None:
            _, plain = tokens.issue(
                team=team, label="", scopes=scopes, expires_at=None, now=timezone.now()
            )
            self.headers["Authorization"] = f"Bearer {plain}"

    def ask(self, method: str, path: str, body: Any = b"", **options: Any) -> Any:
        # The test client says nothing of an empty body, and refuses to be asked for more than it has.
        headers = {"Content-Length": str(len(body)), **self.headers, **options.pop("headers", {})}
        headers.setdefault("Content-Type", options.get("content_type", ""))
        options.setdefault("wsgi.input", io.BytesIO(body))
        client = Client(raise_request_exception=False)
        with acting_as("web"):
            response: Any = client.generic(method, path, data=body, headers=headers, **options)
        assert response.status_code != 500 or self._expects_500
        _check(response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", f"/api/v1/{path}", headers=headers)

    def post(self, path: str, body: Any = b"", content_type: str = CSV, **options: Any) -> Any:
        return self.ask("POST", f"/api/v1/{path}", body, content_type=content_type, **options)


def _check(response: Any) -> None:
    """Every error is a whole problem, whatever it is about."""
    if response.status_code < 400 or response.request["REQUEST_METHOD"] == "HEAD":
        return
    problem = response.json()
    assert response["Content-Type"] == PROBLEM
    assert response["Cache-Control"] == "no-store"
    assert problem["status"] == response.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    example = problem_codes.example(problem["code"])
    assert problem["status"] == example["status"]
    assert set(problem) <= set(example)


def problem(response: Any) -> tuple[int, str]:
    """Status and code."""
    return response.status_code, response.json().get("code")


def csv_of(answers: Iterable[Any]) -> bytes:
    rows = "".join(f"item-{i:05d},{v}\n" for i, v in enumerate(answers))
    return ("id,label\n" + rows).encode()


def file_number(number: int) -> bytes:
    """A different valid file for each number."""
    return csv_of(number >> bit & 1 for bit in range(N_ITEMS))


def answers_number(number: int) -> NDArray[np.uint8]:
    return np.array([number >> bit & 1 for bit in range(N_ITEMS)], dtype=np.uint8)


def handed_in(world: World, team: Team, number: int = 1, **changes: Any) -> Submission:
    """A queued submission, changed at will: the row as it is at some later time."""
    submission = world.submit(team, answers_number(number), now=timezone.now()).submission
    Submission.objects.filter(pk=submission.pk).update(**changes)
    submission.refresh_from_db()
    return submission


def scored(
    world: World,
    team: Team,
    number: int = 1,
    *,
    value: float | None = 0.75,
    outcome: str = Release.Outcome.SCORED,
) -> Submission:
    submission = handed_in(world, team, number, status="SCORED", finished_at=timezone.now())
    Release.objects.create(
        submission=submission, value=value, outcome=outcome, released_at=timezone.now()
    )
    return submission


def domain_errors(*, inside: bool) -> list[type[errors.VaultError]]:
    """Those that the API answers, or those that stay inside: their codes are not in the catalogue."""
    found = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    return [
        each
        for each in found
        if issubclass(each, errors.VaultError)
        and (each.code not in problem_codes.CATALOGUE) == inside
    ]
