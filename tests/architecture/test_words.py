"""One word for one thing: what the glossary calls the organizer, or a bound, is called so everywhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import BASE_DIR

ROOMS = (
    "service",
    "config",
    "stats",
    "vault",
    "audits",
    "webhooks",
    "lab",
    "client",
    "tests",
    "deploy",
)
TEXTS = ("*.py", "*.md", "*.html", "*.sh", "*.yml")
# What changed is told in the words of its time.
AS_WRITTEN = ("CHANGELOG.md",)
# A value that is stored or answered keeps its spelling: a group and an account of the admin, its password's
# file, and the kind of an audit's test.
STORED = (
    r"""["'](?:organiser|Organiser|ORGANISER)["']|organiser-password|--username organiser"""
    "|organiser, researcher"
)
WORDS = {
    r"(?i:organis)": "organizer",
    r"(?i:\bstaff member)": "organizer",
    r"(?i:\b(?:competition|challenge|benchmark|round)(?:'s)? (?:host|manager|staff)\b)": "organizer",
}


def sources() -> list[Path]:
    found = [path for room in ROOMS for text in TEXTS for path in (BASE_DIR / room).rglob(text)]
    found += [*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")]
    return [
        path
        for path in sorted(found)
        if not {"migrations", "secrets", "node_modules"} & set(path.parts)
        and str(path.relative_to(BASE_DIR)) not in AS_WRITTEN
        and path != Path(__file__)
    ]


def unwanted(text: str) -> Iterator[str]:
    """Each unwanted word, with the one that stands for it."""
    plain = re.sub(STORED, "", text)
    for pattern, instead in WORDS.items():
        for match in re.finditer(pattern, plain):
            yield f"{match.group()} (line {plain.count(chr(10), 0, match.start()) + 1}): {instead}"


@pytest.mark.parametrize("text", ["the Organisers' files", "a round's manager", "a staff member"])
def test_an_unwanted_word_is_found(text: str) -> None:
    assert len(list(unwanted(text))) == 1


def test_a_stored_value_is_no_word() -> None:
    assert list(unwanted('ORGANIZER = "organiser"; a host answers; a context manager')) == []


def test_no_unwanted_word_stands_anywhere() -> None:
    paths = sources()
    found = [
        f"{path.relative_to(BASE_DIR)}: {each}"
        for path in paths
        for each in unwanted(path.read_text())
    ]

    assert len(paths) > 500
    assert found == []


BOUND = re.compile(
    r"_?(?:MOST|LARGEST|LONGEST|HIGHEST|AT_MOST|LEAST|SMALLEST|SHORTEST|LOWEST|AT_LEAST)(?:_|$)"
)


def constants(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper():
            yield node.id


def test_a_bound_is_called_max_or_min() -> None:
    found = [
        f"{path.relative_to(BASE_DIR)}: {name}"
        for path in sources()
        if path.suffix == ".py" and "tests" not in path.parts
        for name in constants(path.read_text())
        if BOUND.match(name)
    ]

    assert found == []
