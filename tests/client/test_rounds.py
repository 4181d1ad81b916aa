"""What organizers changed about a round, and what came late, in the commands and the Python client."""

from typing import Any

import pytest
from holdout.client import Client
from holdout.errors import AnswerError

from tests.client.command import run
from tests.client.service import Service, a_round, a_submission, answer, page


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdout.shown.LOG_WIDTH", 100)


def a_change(kind: str, **members: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "at": "2026-03-20T09:00:00.5Z",
        "reason": "the storage was down",
        "team": None,
        "before": None,
        "after": None,
        **members,
    }


CHANGED = {
    **a_round(2),
    "closed_at": None,
    "changes": [
        a_change(
            "deadline_moved",
            before={"closes_at": "2026-03-31T00:00:00Z"},
            after={"closes_at": "2026-04-01T00:00:00Z"},
        ),
        a_change("queries_added", team="alpha", before={"queries": 1}, after={"queries": 1200}),
        a_change(
            "late_allowed",
            team="beta",
            after={"queries": 3, "until": "2026-04-03T00:00:00Z", "something_new": 1},
        ),
        a_change("team_unranked", team="gamma"),
        a_change("of_a_later_version"),
    ],
}
WHEN = "round 2, 2026-03-20 09:00:01 UTC: "
WHY = ": the storage was down"


def client_of(*answers: Any) -> Client:
    return Service(answers=[*answers]).client()


@pytest.mark.usefixtures("terminal")
def test_rounds_are_listed_and_their_changes_below() -> None:
    given = run(Service(answers=[page(a_round(1, "PUBLISHED"), CHANGED)]), "rounds", "-b", "rain")

    head, *rows = given.stdout.splitlines()
    assert head.split() == ["number", "status", "opens_at", "closes_at", "closed_at", "mechanism"]
    assert rows[0].split()[:2] == ["1", "PUBLISHED"]
    assert max(map(len, given.stdout.splitlines())) <= 100
    assert given.stderr.splitlines() == [
        f"{WHEN}deadline moved, from 2026-03-31 00:00:00 UTC to 2026-04-01 00:00:00 UTC{WHY}",
        f"{WHEN}queries added of alpha, from 1 query to 1,200 queries{WHY}",
        f"{WHEN}late allowed of beta, 3 queries until 2026-04-03 00:00:00 UTC{WHY}",
        f"{WHEN}team unranked of gamma{WHY}",
        f"{WHEN}of a later version{WHY}",
    ]


def test_a_service_that_tells_no_changes_is_read_as_before() -> None:
    given = run(Service(answers=[page(a_round())]), "rounds", "-b", "rain")

    assert given.exit_code == 0
    assert given.stderr == ""
    assert client_of(page(a_round())).rounds("rain")[0].changes is None


def test_nothing_is_planned() -> None:
    given = run(Service(answers=[page()]), "rounds", "-b", "rain")

    assert (given.stdout, given.stderr) == ("", "No round is planned yet.\n")


def test_the_python_client_has_them() -> None:
    (found,) = client_of(page(CHANGED)).rounds("rain")

    assert found.changes is not None
    assert [each["kind"] for each in found.changes][:2] == ["deadline_moved", "queries_added"]
    assert client_of(answer(a_submission(is_late=True))).submission("x").is_late is True
    assert client_of(answer(a_submission())).submission("x").is_late is False


def test_a_change_of_another_shape_is_an_error() -> None:
    with pytest.raises(AnswerError):
        client_of(page({**a_round(), "changes": [{"kind": "deadline_moved"}]})).rounds("rain")


def test_what_came_late_is_marked_and_costs_no_column_elsewhere() -> None:
    late = a_submission("SCORED", is_late=True)

    marked = run(Service(answers=[page(late, a_submission("SCORED"))]), "list", "-b", "rain")
    plain = run(Service(answers=[page(a_submission("SCORED"))]), "list", "-b", "rain")

    assert "late" in marked.stdout.splitlines()[0].split()
    assert "late" in marked.stdout.splitlines()[1].split()
    assert "late" not in marked.stdout.splitlines()[2].split()
    assert "late" not in plain.stdout


def test_status_says_that_it_came_late() -> None:
    shown = run(Service(answers=[answer(a_submission("SCORED", is_late=True))]), "status", "x")
    plain = run(Service(answers=[answer(a_submission("SCORED"))]), "status", "x")

    assert "after the round's end" in shown.stdout
    assert "late" not in plain.stdout
