"""What makes a benchmark valid, and what of it may still change.

A sealed holdout fixes what its labels mean, and a planned round fixes how they are scored.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from stats.metrics import MAX_LOSS, METRICS, check_costs
from vault import constraints, label_noise
from vault.errors import BenchmarkError
from vault.files import prediction_forms
from vault.files.columns import CONTROLS
from vault.models import Benchmark

# Envelopes are bound to the slug, and labels are stored as codes of the classes.
FIXED_BY_SEALING = ("slug", "task", "classes")
FIXED_BY_PLANNING = (
    "prediction_form",
    "primary_metric",
    "secondary_metrics",
    "loss_cap",
    "cost_matrix",
    "decision_threshold",
    "probability_clip",
    "delta0",
    # Declared before anybody knows a score, or it would be chosen by who keeps to it.
    "constraints",
)
# Nothing is scored by it, and it may be measured late.
NEVER_FIXED = ("label_noise",)
FIELDS = FIXED_BY_SEALING + FIXED_BY_PLANNING + NEVER_FIXED


def fixed(*, benchmark: Benchmark) -> tuple[str, ...]:
    """Name the fields that can be read and no more."""
    by_sealing = FIXED_BY_SEALING if benchmark.holdouts.exists() else ()
    return by_sealing + (FIXED_BY_PLANNING if benchmark.rounds.exists() else ())


def add(*, benchmark: Benchmark) -> Benchmark:
    """Save a new benchmark, or raise `BenchmarkError` with all that does not fit together."""
    found = problems({name: getattr(benchmark, name) for name in FIELDS})
    if found:
        raise BenchmarkError("; ".join(f"{field}: {problem}" for field, problem in found.items()))
    benchmark.save(force_insert=True)
    return benchmark


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Say what does not fit together, by field; `values` has all of `FIELDS`."""
    clip, delta0 = values["probability_clip"], values["delta0"]
    found = {
        "classes": _wrong_classes(values["task"], values["classes"]),
        "prediction_form": _wrong_form(values["task"], values["prediction_form"]),
        "primary_metric": _wrong_metric(values, values["primary_metric"]),
        "secondary_metrics": _wrong_secondaries(values),
        "loss_cap": _wrong_loss_cap(values["task"], values["loss_cap"]),
        "cost_matrix": _wrong_costs(values),
        "decision_threshold": _wrong_threshold(values),
        "probability_clip": "Above 0 and below 0.5." if clip is None or not 0 < clip < 0.5 else "",
        "delta0": "A number from 0 to 1." if delta0 is None or not 0 <= delta0 <= 1 else "",
        "constraints": constraints.problem(values["constraints"], task=values["task"]),
        "label_noise": label_noise.problem(noise=values["label_noise"], classes=values["classes"]),
    }
    return {field: problem for field, problem in found.items() if problem}


def _wrong_classes(task: str, classes: list[str]) -> str:
    if task == Benchmark.Task.REGRESSION:
        return "A regression has no classes." if classes else ""
    if len(set(classes)) != len(classes):
        return "A class is named twice."
    if any(re.search(CONTROLS, name) for name in classes):
        return "A class holds a line break or another control character."
    if task == Benchmark.Task.BINARY and len(classes) != 2:
        return f"A binary task has two classes; {len(classes)} {'is' if len(classes) == 1 else 'are'} given."
    if len(classes) < 2:
        return "At least two classes are needed."
    return ""


def _wrong_form(task: str, form: str) -> str:
    fitting = prediction_forms.that_fit(task)
    if not fitting or form not in prediction_forms.FORMS or form in fitting:
        return ""  # what is no task or no form, the field itself says
    return f"For a {task} task teams predict the form {' or '.join(fitting)}."


def _wrong_metric(values: Mapping[str, Any], name: str) -> str:
    metric = METRICS.get(name)
    if metric is None:
        return ""  # the field itself says so
    if values["task"] not in metric.tasks:
        return f"{metric.label} does not score a {values['task']} task."
    if values["prediction_form"] not in metric.forms:
        return f"{metric.label} needs predictions of the form {' or '.join(sorted(metric.forms))}."
    return ""


def _wrong_secondaries(values: Mapping[str, Any]) -> str:
    names = values["secondary_metrics"]
    if values["primary_metric"] in names:
        return "The primary metric need not be a secondary one too."
    return " ".join(filter(None, (_wrong_metric(values, name) for name in names)))


def _wrong_loss_cap(task: str, cap: float | None) -> str:
    if task != Benchmark.Task.REGRESSION:
        return "" if cap is None else "Only a regression has a loss cap."
    if cap is None or not (math.isfinite(cap) and cap > 0):
        return "A regression needs a loss cap above zero: without it one item could decide a score."
    if cap > MAX_LOSS:
        return f"The largest loss cap is {MAX_LOSS:g}: give the labels in a larger unit."
    return ""


def _wrong_costs(values: Mapping[str, Any]) -> str:
    costs = values["cost_matrix"]
    if costs is None:
        names = [values["primary_metric"], *values["secondary_metrics"]]
        needing = [
            METRICS[name].label for name in names if name in METRICS and METRICS[name].needs_costs
        ]
        return f"For {' and '.join(needing)} a cost matrix is needed." if needing else ""
    try:
        check_costs(costs, len(values["classes"]) or None)
    except ValueError as error:
        problem = str(error).removeprefix("cost_matrix: ")
        return f"{problem[0].upper()}{problem[1:]}."
    return ""


def _wrong_threshold(values: Mapping[str, Any]) -> str:
    threshold = values["decision_threshold"]
    if threshold is None:
        return ""
    form = prediction_forms.FORMS.get(values["prediction_form"])
    if form is None or values["task"] not in form.by_threshold:
        return "A threshold needs probabilities of a binary task."
    return "" if 0 < threshold < 1 else "A number between 0 and 1."
