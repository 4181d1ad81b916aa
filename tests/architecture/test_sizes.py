"""Files and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import BASE_DIR

MAX_FILE = 400
MAX_BODY = 50
ROOMS = ("service", "config", "stats", "vault", "audits", "webhooks", "lab", "client", "tests")
FILES = sorted(
    path
    for path in [
        BASE_DIR / "run.py",
        *(p for room in ROOMS for p in (BASE_DIR / room).rglob("*.py")),
    ]
    if "migrations" not in path.parts
)

# Path or path::function, and why it may be longer.
EXCEPTIONS: dict[str, str] = {}


def name_of(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Each function and the lines of its body, without its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1
            else:
                yield node.name, 0


def too_long() -> list[str]:
    found = []
    for path in FILES:
        source, name = path.read_text(), name_of(path)
        if len(source.splitlines()) > MAX_FILE:
            found.append(name)
        if not name.startswith("tests/"):
            found += [f"{name}::{each}" for each, n in functions(source) if n > MAX_BODY]
    return found


def test_nothing_is_too_long_without_a_reason() -> None:
    assert [each for each in too_long() if each not in EXCEPTIONS] == []


def test_no_exception_outlives_its_need() -> None:
    assert [each for each in EXCEPTIONS if each not in too_long()] == []


def test_files_are_found() -> None:
    assert {"run.py", "vault/journal.py", "tests/conftest.py"} <= {name_of(path) for path in FILES}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    return 1\n", [("f", 1)]),
        ('def f():\n    """Says\n    much."""\n    x = 1\n    return x\n', [("f", 2)]),
        ('def f():\n    """Says all."""\n', [("f", 0)]),
        ("async def f():\n    return (\n        1,\n    )\n", [("f", 3)]),
        ("class A:\n    def f(self):\n        pass\n", [("f", 1)]),
    ],
)
def test_body_is_counted_without_its_docstring(
    source: str, expected: list[tuple[str, int]]
) -> None:
    assert list(functions(source)) == expected
