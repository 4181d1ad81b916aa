"""What may follow what, of rounds, holdouts and submissions: the database refuses the rest of every role."""

import itertools
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, models, transaction

from tests.vault.factories import NOW, World, acting_as, make_world
from vault.statuses import PENDING, TRANSITIONS, HoldoutStatus, RoundStatus, SubmissionStatus

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("statuses", n_query=10, n_fresh=20)


def columns(status: models.TextChoices) -> dict[str, Any]:
    """The columns that constraints tie to a status, as they are with it."""
    if isinstance(status, RoundStatus):
        is_cancelled = status == RoundStatus.CANCELLED
        return {
            "cancelled_at": NOW if is_cancelled else None,
            "cancelled_reason": "why" if is_cancelled else "",
        }
    if isinstance(status, SubmissionStatus):
        return {
            "leased_until": NOW if status == SubmissionStatus.SCORING else None,
            "finished_at": None if status in PENDING else NOW,
        }
    return {}


def moves(row: models.Model, life: Any, *, role: str, tied: bool) -> set[tuple[str, str]]:
    """The pairs of statuses between which a role can move a row.

    The owner puts the row into the first; `tied`: the role may change the columns tied to a status, too.
    """
    rows = type(row)._default_manager.filter(pk=row.pk)
    found = set()
    for before, after in itertools.permutations(life, 2):
        rows.update(status=before, **columns(before))
        with suppress(ProgrammingError, IntegrityError), acting_as(role), transaction.atomic():
            rows.update(status=after, **(columns(after) if tied else {}))
            found.add((str(before), str(after)))
    return found


def allowed(life: Any) -> set[tuple[str, str]]:
    pairs = (
        (before, after) for before, following in TRANSITIONS[life].items() for after in following
    )
    return {(str(before), str(after)) for before, after in pairs if before != after}


@pytest.mark.parametrize("role", ["researcher", "scoring", "audit"])
def test_no_role_takes_a_round_back(world: World, role: str) -> None:
    """The researcher alone may change the columns of a cancelled round; the audit worker alone audits."""
    found = moves(world.round, RoundStatus, role=role, tied=role == "researcher")

    lacking = {("PLANNED", "CANCELLED")} if role != "researcher" else set()
    if role != "audit":
        lacking |= {("CLOSED", "AUDITED"), ("AUDITED", "PUBLISHED")}
    assert found == allowed(RoundStatus) - lacking


@pytest.mark.parametrize("role", ["researcher", "audit"])
def test_no_role_makes_a_holdout_fresh_again(world: World, role: str) -> None:
    """Nor does the admin's process retire or disclose one: else it could have unused labels published."""
    found = moves(world.query, HoldoutStatus, role=role, tied=True)

    lacking = {"RETIRED", "DISCLOSED"} if role == "researcher" else set()
    assert found == {move for move in allowed(HoldoutStatus) if move[1] not in lacking}


def test_no_role_scores_a_submission_again(world: World) -> None:
    world.open()
    submission = world.submit(world.team("a"), world.wrong_at([0])).submission

    found = moves(submission, SubmissionStatus, role="scoring", tied=True)

    assert found == allowed(SubmissionStatus)


@pytest.mark.parametrize(
    ("role", "life", "first"),
    [
        ("researcher", RoundStatus, {"PLANNED"}),
        ("researcher", HoldoutStatus, {"SEALED", "FRESH", "QUERY"}),
        ("web", SubmissionStatus, {"QUEUED"}),
    ],
)
def test_no_role_makes_what_is_on_its_way_already(
    world: World, role: str, life: Any, first: set[str]
) -> None:
    world.open()
    submission = world.submit(world.team("a"), world.wrong_at([0])).submission
    rows = {RoundStatus: world.round, HoldoutStatus: world.query, SubmissionStatus: submission}
    row: Any = rows[life]

    assert {str(status) for status in life if can_be_made(row, status, role=role)} == first


def can_be_made(row: Any, status: Any, *, role: str) -> bool:
    """The triggers come before the constraints, which refuse each of them: it is there already."""
    row.status = status
    try:
        with acting_as(role), transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return True
    except ProgrammingError as error:
        assert "like this" in str(error)  # noqa: PT017
        return False
    raise AssertionError("the row was made a second time")
