"""Each form of predictions is one entry: reading, writing, rules and description follow from it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from config.settings import BASE_DIR
from stats.metrics import METRICS
from tests.vault.prediction_files import parse_csv
from vault import benchmarks
from vault.errors import InvalidFileError
from vault.files import canonical, prediction_forms
from vault.files.columns import Kind
from vault.files.parsing import FileSpec
from vault.files.prediction_forms import FORMS, PredictionForm
from vault.models import Benchmark

ROOMS = ("service", "config", "lab", "audits", "webhooks", "vault", "stats")
# Where a form is declared, and which metrics score it.
DECLARED = ("vault/files/prediction_forms.py", "stats/metrics/catalogue.py")
DEGREES = PredictionForm(
    name="degrees",
    tasks=frozenset({"regression"}),
    kind=Kind.NUMBER,
    bounds=(-90.0, 60.0),
    spells="`degrees`",
)
SPEC = FileSpec(form="degrees", task="regression", classes=())
PANEL = pa.array([10, 20])


@pytest.fixture
def _degrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMS, "degrees", DEGREES)


@pytest.mark.usefixtures("_degrees")
def test_a_new_form_is_read_within_its_bounds() -> None:
    parsed = parse_csv("id,degrees\n20,-3.5\n10,21\n", SPEC, PANEL)

    assert canonical.decode(parsed.canonical).tolist() == [21.0, -3.5]
    with pytest.raises(InvalidFileError) as refused:
        parse_csv("id,degrees\n10,61\n20,0\n", SPEC, PANEL)
    (problem,) = refused.value.data["problems"]
    assert problem["problem"] == "61.0 is not between -90 and 60"


@pytest.mark.usefixtures("_degrees")
def test_a_new_form_fits_its_tasks_and_no_others() -> None:
    assert prediction_forms.that_fit("regression") == ["value", "degrees"]
    given = {name: getattr(Benchmark(), name) for name in benchmarks.FIELDS} | {
        "classes": ["0", "1"],
        "prediction_form": "degrees",
    }

    assert "prediction_form" in benchmarks.problems({**given, "task": "binary"})
    assert "prediction_form" not in benchmarks.problems({**given, "task": "regression"})
    assert prediction_forms.spelled().endswith("`value`, or `degrees`")


def test_each_metric_scores_known_forms_that_fit_its_tasks() -> None:
    for metric in METRICS.values():
        assert metric.forms <= set(FORMS)
        assert all(FORMS[form].tasks & metric.tasks for form in metric.forms)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_each_form_and_task_has_columns_and_a_metric(form: PredictionForm) -> None:
    for task in form.tasks:
        classes = () if task == "regression" else ("a", "b")
        width = len(classes) if task in form.by_class else 1
        assert len(form.columns(task=task, classes=classes)) == width
        assert any(form.name in m.forms and task in m.tasks for m in METRICS.values())
    assert (form.bounds is None) == (form.kind is Kind.CATEGORY)


def test_the_default_columns_are_those_that_files_have_always_had() -> None:
    classes = ("a", "b,c")
    columns = {
        (form.name, task): form.columns(task=task, classes=classes)
        for form in FORMS.values()
        for task in sorted(form.tasks)
    }

    assert columns == {
        ("label", "binary"): ["label"],
        ("label", "multiclass"): ["label"],
        ("probability", "binary"): ["probability"],
        ("probability", "multiclass"): ["probability:a", "probability:b,c"],
        ("value", "regression"): ["value"],
    }
    assert np.isfinite(prediction_forms.MAX_VALUE**2)


def compared_with_a_form(source: str) -> Iterator[str]:
    """Each comparison of a form with the name of one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        text = ast.unparse(node)
        names = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
        if "form" in text and names & set(FORMS):
            yield text


def test_a_comparison_with_a_form_is_found() -> None:
    assert list(compared_with_a_form("if spec.form == 'label': pass")) == ["spec.form == 'label'"]


def test_no_code_asks_which_form_it_is() -> None:
    """What depends on the form is said by the form: a new one touches no other file."""
    found = [
        f"{path.relative_to(BASE_DIR)}: {each}"
        for path in sources()
        for each in compared_with_a_form(path.read_text())
    ]

    assert found == []


def sources() -> list[Path]:
    return [
        path
        for room in ROOMS
        for path in sorted((BASE_DIR / room).rglob("*.py"))
        if str(path.relative_to(BASE_DIR)) not in DECLARED and "migrations" not in path.parts
    ]
