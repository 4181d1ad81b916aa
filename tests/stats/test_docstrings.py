"""Every public function says its shapes, units, errors, assumptions, cost and source.

The rule, for functions and classes that a module of `stats` defines and whose name has no underscore. What
takes positional arguments is shared between modules and no interface: public functions take keywords.

- a function names each of its parameters in a section "Parameters" and has sections "Returns" and "Notes";
  sections that are the same as those of another function may be given by reference ("as in `score`"),
  which must exist;
- "Raises" if its own body raises ValueError;
- it states a cost ("Cost:") and a source ("Source:", a reference, or a section of `docs/method.md`);
- a class that holds data names each of its fields; every class says what it is.

Methods are left to their class, and the mechanisms' to the protocol that they share.
"""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

import stats

MODULES = ["stats"] + [
    module.name for module in pkgutil.walk_packages(stats.__path__, prefix="stats.")
]
BY_REFERENCE = re.compile(r"\b[Aa]s (?:in |for )?`([\w.]+)`")


def defined(kind: Callable[[object], bool]) -> list[Any]:
    found = {}
    for name in MODULES:
        for member, value in vars(importlib.import_module(name)).items():
            if not member.startswith("_") and kind(value) and value.__module__ == name:
                found[f"{name}.{member}"] = value
    return [pytest.param(value, id=key) for key, value in sorted(found.items())]


def is_public_function(value: object) -> bool:
    """Keyword-only, as all public functions here; without parameters there is nothing to describe."""
    if not inspect.isfunction(value):
        return False
    parameters = inspect.signature(value).parameters.values()
    return bool(parameters) and all(each.kind is each.KEYWORD_ONLY for each in parameters)


def raises_value_errors(function: Any) -> bool:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(
        isinstance(node, ast.Raise) and node.exc is not None and "ValueError" in ast.dump(node.exc)
        for node in ast.walk(tree)
    )


def exists(name: str, function: Any) -> bool:
    """In the function's own module, or by its full name."""
    module, _, member = name.rpartition(".")
    place = importlib.import_module(module or function.__module__)
    return hasattr(place, member)


def faults_of_function(function: Any) -> list[str]:
    text = inspect.getdoc(function) or ""
    reference = BY_REFERENCE.search(text)
    referred = reference is not None
    faults = []
    if reference is not None and not exists(reference.group(1), function):
        faults.append(f"refers to {reference.group(1)}, which is nowhere")
    for name in inspect.signature(function).parameters:
        if not re.search(rf"^[\w, ]*\b{name}\b[\w, ]*( :|$)", text, re.M) and not referred:
            faults.append(f"says nothing of {name}")
    for section in ("Parameters", "Returns", "Notes"):
        if not re.search(rf"^{section}[\w, ]*\n-{{3,}}", text, re.M) and not referred:
            faults.append(f"has no section {section}")
    if raises_value_errors(function) and not referred and "Raises\n------" not in text:
        faults.append("raises and does not say so")
    if not re.search(r"Cost:\s", text):
        faults.append("states no cost")
    if not re.search(r"Source:\s|References\n-{3,}|docs/method\.md", text):
        faults.append("names no source")
    return faults


@pytest.mark.parametrize("function", defined(is_public_function))
def test_functions_say_what_users_need(function: Any) -> None:
    assert faults_of_function(function) == []


@pytest.mark.parametrize("given", defined(inspect.isclass))
def test_classes_name_their_fields(given: Any) -> None:
    text = given.__doc__ or ""
    own = not text.startswith(f"{given.__name__}(")  # dataclasses write one themselves

    assert own, "has no docstring"
    assert text.strip(), "has no docstring"
    fields = dataclasses.fields(given) if dataclasses.is_dataclass(given) else []
    missing = [each.name for each in fields if not re.search(rf"\b{each.name}\b", text)]
    assert missing == []


def test_a_docstring_that_says_nothing_is_noticed() -> None:
    def poor(*, x: float) -> float:
        """A function."""
        if x < 0:
            raise ValueError("x")
        return x

    assert faults_of_function(poor) == [
        "says nothing of x",
        "has no section Parameters",
        "has no section Returns",
        "has no section Notes",
        "raises and does not say so",
        "states no cost",
        "names no source",
    ]
