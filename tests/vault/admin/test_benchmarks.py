"""The form of a benchmark: what does not fit together is told at its field, and nothing is made."""

import re
from typing import Any

import pytest

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault.models import Benchmark, Holdout, JournalEntry
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")

BINARY = {
    "slug": "rain",
    "title": "Rain",
    "visibility": "public",
    "task": "binary",
    "classes": "dry\nwet",
    "prediction_form": "probability",
    "primary_metric": "roc_auc",
    "secondary_metrics": ["log_loss", "brier"],
    "decision_threshold": "0.4",
    "probability_clip": "0.001",
    "cost_matrix": "[[0, 1], [5, 0]]",
    "constraints": '{"recall": 0.95}',
    "delta0": "0.01",
}
REGRESSION = {
    "slug": "inches",
    "title": "Inches of rain",
    "visibility": "private",
    "task": "regression",
    "classes": "",
    "prediction_form": "value",
    "primary_metric": "rmse",
    "loss_cap": "10",
    "probability_clip": "0.01",
    "delta0": "0",
}


def add(given: dict[str, Any]) -> Any:
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        return client.post(url("vault_benchmark_add"), given)


def test_a_binary_benchmark_is_made_as_given_and_journaled() -> None:
    assert add(BINARY).status_code == 302

    made = Benchmark.objects.get()
    assert made.classes == ["dry", "wet"]
    assert made.secondary_metrics == ["log_loss", "brier"]
    assert made.cost_matrix == [[0, 1], [5, 0]]
    assert made.constraints == {"recall": 0.95}
    assert (made.decision_threshold, made.delta0, made.loss_cap) == (0.4, 0.01, None)
    assert made.probability_clip == 0.001
    entry = JournalEntry.objects.get()
    assert (entry.kind, entry.actor) == ("benchmark_created", ORGANIZER)


def test_a_regression_is_made() -> None:
    assert add(REGRESSION).status_code == 302

    assert Benchmark.objects.get().loss_cap == 10


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"classes": "dry"}, "A binary task has two classes; 1 is given."),
        ({"classes": "dry\ndry"}, "A class is named twice."),
        ({"task": "multiclass", "classes": "dry"}, "At least two classes"),
        (
            {"prediction_form": "value"},
            "For a binary task teams predict the form label or probability.",
        ),
        ({"prediction_form": "label"}, "needs predictions of the form probability"),
        ({"primary_metric": "rmse"}, "does not score a binary task"),
        ({"primary_metric": "log_loss"}, "need not be a secondary one too"),
        ({"loss_cap": "3"}, "Only a regression has a loss cap."),
        ({"cost_matrix": "[[0, 1]]"}, "2 rows of 2 numbers"),
        ({"cost_matrix": "[" * 20_000}, "Enter a valid JSON"),
        ({"cost_matrix": '[[0, "1"], [1, 0]]'}, "Costs are numbers from 0 to"),
        ({"cost_matrix": "[[0, -1], [1, 0]]"}, "Costs are numbers from 0 to"),
        ({"cost_matrix": "[[1, 1], [2, 2]]"}, "Every decision costs the same"),
        (
            {"primary_metric": "expected_cost", "cost_matrix": ""},
            "For expected cost a cost matrix is needed.",
        ),
        (
            {"secondary_metrics": ["expected_regret"], "cost_matrix": ""},
            "For expected regret a cost matrix is needed.",
        ),
        ({"decision_threshold": "1"}, "A number between 0 and 1."),
        ({"constraints": "[1]"}, "A JSON object of limits by measure"),
        ({"constraints": '{"recall": 2}'}, "The limit of recall must be a number from 0 to 1."),
        ({"label_noise": "0.46"}, "A label may be wrong with a probability from 0 to 0.45."),
        ({"label_noise": "[[1, 0]]"}, "One number, or 2 rows of 2 numbers are needed."),
        ({"label_noise": "[" * 20_000}, "Enter a valid JSON"),
        (
            {"prediction_form": "label", "primary_metric": "mcc", "secondary_metrics": []},
            "A threshold needs probabilities of a binary task.",
        ),
        ({"probability_clip": "0.5"}, "Above 0 and below 0.5."),
        ({"probability_clip": "0"}, "Above 0 and below 0.5."),
        ({"delta0": "2"}, "A number from 0 to 1."),
        ({"slug": "no spaces"}, "Enter a valid"),
        ({"title": "Rain \u202eniar"}, "U+202E cannot be seen: leave it out."),
        ({"title": "Ra\u200bin"}, "U+200B cannot be seen: leave it out."),
    ],
)
def test_what_does_not_fit_is_told(changed: dict[str, Any], reason: str) -> None:
    answer = add({**BINARY, **changed})

    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert not Benchmark.objects.exists()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"loss_cap": ""}, "needs a loss cap above zero"),
        ({"loss_cap": "-1"}, "needs a loss cap above zero"),
        ({"loss_cap": "1e13"}, "The largest loss cap is 1e+12"),
        ({"cost_matrix": "[[0, 1], [1, 0]]"}, "A regression has no classes to decide for."),
        ({"classes": "a\nb"}, "A regression has no classes."),
        ({"label_noise": "0.1"}, "Values of a regression have no rate of wrong labels."),
        ({"prediction_form": "label"}, "For a regression task teams predict the form value."),
    ],
)
def test_what_does_not_fit_a_regression_is_told(changed: dict[str, Any], reason: str) -> None:
    assert reason in add({**REGRESSION, **changed}).content.decode()
    assert not Benchmark.objects.exists()


def test_a_planned_round_fixes_how_it_is_scored(stage: Stage) -> None:
    benchmark, client = stage.world.benchmark, client_of(ORGANIZER)
    given = {**BINARY, "slug": "other", "title": "New title"}

    with acting_as("researcher"):
        answer = client.post(url("vault_benchmark_change", benchmark.pk), given)

    assert answer.status_code == 302
    benchmark.refresh_from_db()
    assert (benchmark.title, benchmark.visibility) == ("New title", "public")
    assert (benchmark.slug, benchmark.classes) == ("weather", ["0", "1"])
    assert (benchmark.primary_metric, benchmark.prediction_form) == ("accuracy", "label")
    assert (benchmark.secondary_metrics, benchmark.delta0) == ([], 0.005)
    entry = benchmark.journal.get(kind="benchmark_changed")
    assert entry.payload == '{"title":"New title"}'


def test_noise_may_be_declared_after_rounds_are_planned_and_is_journaled(stage: Stage) -> None:
    benchmark, client = stage.world.benchmark, client_of(ORGANIZER)
    same = {"title": benchmark.title, "visibility": "public", "label_noise": "0.05"}

    with acting_as("researcher"):
        page = client.get(url("vault_benchmark_change", benchmark.pk)).content.decode()
        answer = client.post(url("vault_benchmark_change", benchmark.pk), same)

    assert 'name="label_noise"' in page
    assert answer.status_code == 302
    benchmark.refresh_from_db()
    assert benchmark.label_noise == 0.05
    entry = benchmark.journal.get(kind="benchmark_changed")
    assert entry.payload == '{"label_noise":0.05}'


def test_costs_that_nothing_reads_do_not_lock_a_benchmark(stage: Stage) -> None:
    """Gains as negative costs were accepted while no metric read a matrix."""
    benchmark, client = stage.world.benchmark, client_of(ORGANIZER)
    Benchmark.objects.filter(pk=benchmark.pk).update(cost_matrix=[[-1, 1], [5, -2]])

    with acting_as("researcher"):
        answer = client.post(
            url("vault_benchmark_change", benchmark.pk),
            {**BINARY, "slug": "other", "title": "New title"},
        )

    assert answer.status_code == 302
    benchmark.refresh_from_db()
    assert (benchmark.title, benchmark.cost_matrix) == ("New title", [[-1, 1], [5, -2]])


def test_help_says_who_sees_a_secondary_metric_and_what_the_tolerance_is_of() -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_benchmark_add")).content.decode()

    assert "Researchers see them; after a full publication everybody does." in page
    assert "An overstatement below this share" in page
    assert "Inflation" not in page


def test_the_cost_matrix_of_a_new_benchmark_is_empty() -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_benchmark_add")).content.decode()

    matrix = re.search(r'<textarea name="cost_matrix"[^>]*>\s*(.*?)</textarea>', page)
    assert matrix is not None
    assert matrix.group(1) == ""


def test_a_wrong_number_of_classes_is_marked_at_the_classes() -> None:
    page = add({**BINARY, "classes": ""}).content.decode()

    (row,) = re.findall(r'<div class="form-row errors field-classes">(.*?)</textarea>', page, re.S)
    assert "A binary task has two classes; 0 are given." in row


def test_a_benchmark_with_a_round_keeps_its_acts(stage: Stage) -> None:
    """Beside the next round, which is offered first."""
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_benchmark_change", stage.world.benchmark.pk))

    text = page.content.decode()
    for label in ("Publish items without labels", "Add a label provider"):
        assert label in text


def test_the_page_leads_to_the_next_steps_with_the_benchmark_chosen(stage: Stage) -> None:
    """Of a new benchmark, one with labels, and one with rounds; a researcher may take none of them."""
    with_rounds = stage.world.benchmark
    new = Benchmark.objects.create(slug="new", title="New", task="binary", classes=["0", "1"])
    steps = ("Seal a label file", "Upload an envelope", "Plan the first round")

    def said(benchmark: Benchmark, person: str = ORGANIZER) -> list[str]:
        with acting_as("researcher"):
            answer = client_of(person).get(url("vault_benchmark_change", benchmark.pk))
        page = answer.content.decode()
        return [step for step in steps if f">{step}</a>" in page]

    assert said(new) == ["Seal a label file", "Upload an envelope"]
    assert said(with_rounds) == ["Seal a label file", "Upload an envelope"]
    assert said(new, RESEARCHER) == []
    Holdout.objects.filter(pk=stage.world.query.pk).update(benchmark=new)
    assert said(new) == list(steps)

    narrowed = f"{url('vault_holdout_changelist')}?benchmark__id__exact={new.pk}"
    chosen = f'<option value="{new.pk}" selected>'
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        page = client.get(narrowed).content.decode()
        for name in ("vault_holdout_add", "vault_holdout_envelope"):
            address = f"{url(name)}?benchmark={new.pk}"
            assert f'href="{address}"' in page
            assert chosen in client.get(address).content.decode()
