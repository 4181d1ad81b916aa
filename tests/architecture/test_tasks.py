"""What CONTRIBUTING.md says a task touches is true: its example stands in those files and no others."""

import re
from dataclasses import dataclass

import pytest

from config.settings import BASE_DIR

# What plays, simulates or calls may name it too, and a service does without that.
ROOMS = ("service", "config", "audits", "webhooks", "vault", "stats")
# The most files that a task may touch, beside tests, documents and migrations.
MAX_FILES = {
    "a metric": 2,
    "a release mechanism": 2,
    "a check of the audit": 2,
    "an operation of the API": 4,
    "a field that a team says of a submission": 4,
    "a column of the admin": 1,
    "an event of webhooks": 2,
    "a kind of holdout": 1,
    "a form of predictions": 2,
    "a figure of the report": 3,
}


@dataclass(frozen=True, kw_only=True)
class Task:
    name: str
    files: tuple[str, ...]
    examples: tuple[str, ...]
    test: str


def tasks() -> list[Task]:
    lines = (BASE_DIR / "CONTRIBUTING.md").read_text().partition("## Ten tasks")[2].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| a")]
    return [
        Task(name=name, files=quoted(files), examples=quoted(examples), test=quoted(test)[0])
        for name, files, examples, test in rows
    ]


def quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def naming(examples: tuple[str, ...]) -> set[str]:
    """The files of the service that name one of the examples, as a whole word."""
    wanted = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in examples))
    return {
        str(path.relative_to(BASE_DIR))
        for room in ROOMS
        for path in sorted((BASE_DIR / room).rglob("*.py"))
        if "migrations" not in path.parts and wanted.search(path.read_text())
    }


def test_the_ten_tasks_are_there() -> None:
    assert [task.name for task in tasks()] == list(MAX_FILES)


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.name)
def test_each_file_of_a_task_exists(task: Task) -> None:
    assert [each for each in (*task.files, task.test) if not (BASE_DIR / each).is_file()] == []


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.name)
def test_an_example_stands_in_the_files_of_its_task_and_no_others(task: Task) -> None:
    """So the count holds: whoever needs one more file to add such a thing has to say so here."""
    assert naming(task.examples) == set(task.files)
    assert len(task.files) <= MAX_FILES[task.name]
