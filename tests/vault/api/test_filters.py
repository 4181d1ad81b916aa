"""What narrows a list is declared once: what is taken is what is described."""

import re

import jsonschema
import pytest

from config.description import OPERATIONS
from vault.api import results, tables
from vault.api.filters import FILTERS
from vault.api.selectors import MAX_NUMBER

LISTED = "/api/v1/benchmarks/{slug}/submissions/"
VALUES = {
    "status": ("QUEUED", "queued", "", "NONE"),
    "sha256": ("0a" * 32, "A" * 64, "0" * 63, "0" * 64 + "\n", ""),
    "round": ("0", "12", str(MAX_NUMBER), str(MAX_NUMBER + 1), "-1"),
    "key": ("run-17", " ", "~" * 255, "x" * 256, "ä", "a\tb", "a\n", ""),
}


@pytest.mark.parametrize("name", FILTERS)
def test_takes_what_its_schema_takes(name: str) -> None:
    narrowing = FILTERS[name]
    is_count = narrowing.schema["type"] == "integer"
    valid = jsonschema.Draft202012Validator(narrowing.schema).is_valid

    taken = [bool(narrowing.fits(text)) for text in VALUES[name]]

    assert taken == [
        # A pattern's `$` takes a line feed behind it in Python, and in ECMA 262 does not.
        valid(int(text) if is_count else text) and not text.endswith("\n")
        for text in VALUES[name]
    ]
    assert {True, False} == set(taken)


def test_description_has_each_filter() -> None:
    described = {each["name"]: each for each in OPERATIONS[LISTED, "GET"].parameters}

    assert {*described} == {"slug", "cursor", "page_size", *FILTERS}
    for name, narrowing in FILTERS.items():
        assert described[name]["schema"] == narrowing.schema


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        ("/api/v1/benchmarks/{slug}/panel/", tables.FORMS),
        ("/api/v1/benchmarks/{slug}/leaderboard/", results.BOARD_FORMS),
        ("/api/v1/submissions/{submission_id}/file/", tables.FORMS),
    ],
)
def test_description_has_the_forms_that_a_view_offers(path: str, offered: dict[str, str]) -> None:
    operation = OPERATIONS[path, "GET"]
    (form,) = [each for each in operation.parameters if each["name"] == "format"]

    assert form["schema"]["enum"] == list(offered)
    assert re.search(r"`(\w+)`\.$", form["description"])[1] == next(iter(offered))  # type: ignore[index]
    assert set(operation.answers[200]["content"]) == set(offered.values())
