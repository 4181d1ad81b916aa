"""The catalogue of codes has what the code base answers, and nothing else."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from config.settings import BASE_DIR
from tests.vault.api.stage import Caller, domain_errors, problem
from vault import errors, sentences
from vault.api import problem_codes, problems

ROOMS = ("vault", "audits", "webhooks", "lab", "config")


def calls() -> Iterator[ast.Call]:
    for room in ROOMS:
        for path in (BASE_DIR / room).rglob("*.py"):
            tree = ast.parse(path.read_text())
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def constant(node: ast.expr) -> object:
    """A code that is computed could not be looked up, so there is none."""
    assert isinstance(node, ast.Constant), ast.unparse(node)
    return node.value


def status_of(error: type[errors.VaultError]) -> int:
    response = problems.handle_exception(error("refused", limit=1, retry_after=1), {})
    assert response is not None
    return response.status_code


def with_status(code: object) -> tuple[object, object]:
    """The catalogue alone has the status of these."""
    assert code in problem_codes.CATALOGUE, code
    return code, problem_codes.CATALOGUE[str(code)].status


def answered() -> set[tuple[object, object]]:
    """Code and status of what is raised as a problem, worded as one, or translated to one."""
    found: set[tuple[object, object]] = {
        (error.code, status_of(error)) for error in domain_errors(inside=False)
    }
    framework: dict[Any, str] = problems.CODES
    found |= {(code, int(error.status_code)) for error, code in framework.items()}
    for call in calls():
        name = ast.unparse(call.func).rpartition(".")[2]
        given = {each.arg: each.value for each in call.keywords}
        if name == "ProblemError":
            found.add(with_status(constant(call.args[0])))
        elif name == "body" and isinstance(given.get("code"), ast.Constant):
            found.add(with_status(constant(given["code"])))
    return found


def test_catalogue_has_every_code_that_is_answered_and_no_other() -> None:
    known = {(code, each.status) for code, each in problem_codes.CATALOGUE.items()}

    assert known == answered()


@pytest.mark.parametrize("code", problem_codes.CATALOGUE)
def test_entry_says_what_it_means(code: str) -> None:
    known = problem_codes.CATALOGUE[code]

    assert known.title
    assert known.meaning.endswith(".")
    assert known.detail == sentences.begun(known.detail)


def test_example_agrees_with_the_answer() -> None:
    """The words of problems that need no particular world."""
    caller = Caller()
    for response, code in [
        (caller.get("nowhere/"), "not_found"),
        (caller.ask("PUT", "/api/v1/benchmarks/"), "method_not_allowed"),
    ]:
        example = problem_codes.example(code)
        shown = {**response.json(), "detail": example["detail"]}
        assert shown == example


@pytest.mark.parametrize("code", problem_codes.CATALOGUE)
def test_type_of_a_problem_leads_to_its_meaning(code: str) -> None:
    known = problem_codes.CATALOGUE[code]

    response = Caller().ask("GET", problem_codes.example(code)["type"])

    assert response.status_code == 200
    assert response.json() == {
        "code": code,
        "status": known.status,
        "title": known.title,
        "meaning": known.meaning,
        "example": problem_codes.example(code),
    }


def test_type_can_be_read_with_a_bad_token() -> None:
    response = Caller().ask(
        "GET", "/problems/invalid_token", headers={"Authorization": "Bearer hv_wrong"}
    )

    assert response.status_code == 200


@pytest.mark.parametrize("code", ["no_such_code", "NOT_FOUND", "0"])
def test_unknown_type_is_not_found(code: str) -> None:
    assert problem(Caller().ask("GET", f"/problems/{code}")) == (404, "not_found")
