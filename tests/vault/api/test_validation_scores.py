"""The team's own validation score: kept, and needed where the round's mechanism compares with it."""

import pytest

from tests.vault.api.stage import Caller, a_world, file_number, problem
from vault.models import BudgetEntry, Submission

POST = "benchmarks/weather/submissions/"


def test_validation_score_is_kept() -> None:
    bot = Caller(a_world().team("ours"))

    shown = bot.post(f"{POST}?validation_score=-0.25", file_number(1)).json()

    assert shown["validation_score"] == -0.25
    assert Submission.objects.get().validation_score == -0.25


@pytest.mark.parametrize("spelling", ["1_0", "0.1_5", "%D9%A3", "%201", "1%0A", "0x1", "1e", "."])
@pytest.mark.parametrize("name", ["validation_score", "latency_p95_ms", "cost_per_1000"])
def test_number_is_spelled_as_json_spells_it(name: str, spelling: str) -> None:
    """A program's own spellings of numbers are typing errors here: 1_0 was taken for ten."""
    bot = Caller(a_world().team("ours"))

    response = bot.post(f"{POST}?{name}={spelling}", file_number(1))

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == name
    assert not BudgetEntry.objects.exists()


@pytest.mark.parametrize(
    ("spelling", "value"), [("1", 1.0), ("%2B.5", 0.5), ("5.", 5.0), ("25E-2", 0.25)]
)
def test_usual_spellings_of_a_number_are_taken(spelling: str, value: float) -> None:
    bot = Caller(a_world().team("ours"))

    shown = bot.post(f"{POST}?validation_score={spelling}", file_number(1)).json()

    assert shown["validation_score"] == value


@pytest.mark.parametrize("given", ["", "?validation_score="])
def test_mechanism_that_needs_a_validation_score_refuses_a_file_without(given: str) -> None:
    """Before the body is read, and before anything is charged."""
    bot = Caller(a_world(mechanism="thresholdout").team("ours"))

    response = bot.post(POST + given, b"not even a file")

    assert problem(response) == (422, "validation_score_needed")
    assert response.json()["field"] == "validation_score"
    assert not Submission.objects.exists()
    assert not BudgetEntry.objects.exists()
    assert bot.post(f"{POST}?validation_score=0.7", file_number(1)).status_code == 202
