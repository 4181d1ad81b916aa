"""Answers that are none of the service's: a login page of a network, a proxy, another program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from holdout import AnswerError, Client, credentials
from holdout.credentials import Credentials
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import (
    TOKEN,
    URL,
    Service,
    a_board,
    a_budget,
    a_round,
    a_submission,
    an_audit,
    answer,
    file_answer,
    page,
    problem,
)

Call = Callable[[Client, Path], Any]

CALLS: dict[str, Call] = {
    "audit": lambda client, path: client.audit(3),
    "audits": lambda client, path: client.audits("rain"),
    "benchmark": lambda client, path: client.benchmark("rain"),
    "budget": lambda client, path: client.budget("rain"),
    "leaderboard": lambda client, path: client.leaderboard("rain"),
    "rotate": lambda client, path: client.rotate_token(7, grace_seconds=0),
    "rounds": lambda client, path: client.rounds("rain"),
    "submission": lambda client, path: client.submission("x"),
    "tokens": lambda client, path: client.tokens(),
    "validate": lambda client, path: client.validate(path, benchmark="rain"),
    "wait": lambda client, path: client.wait("x"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"null", b"\xff"])
def test_what_is_no_json_object(call: Call, body: bytes, file: str) -> None:
    service = Service(answers=[httpx.Response(200, content=body)])

    with pytest.raises(AnswerError, match="service's address"):
        call(service.client(), Path(file))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_object_of_another_kind(call: Call, file: str) -> None:
    service = Service(answers=[answer({"hello": "world"})])

    with pytest.raises(AnswerError, match="service's address"):
        call(service.client(), Path(file))


def test_answer_to_a_submission(file: str) -> None:
    service = Service(answers=[page(a_round()), httpx.Response(200, content=b"<html>")])

    with pytest.raises(AnswerError, match="service's address"):
        service.client().submit(Path(file), benchmark="rain")


# What a command reads, and the members of it that it shows.
READ: dict[str, tuple[list[str], dict[str, Any]]] = {
    "status": (["status", "x"], a_submission("SCORED")),
    "wait": (["wait", "x"], a_submission("SCORED")),
    "budget": (["budget", "-b", "rain"], a_budget()),
    "leaderboard": (["leaderboard", "-b", "rain"], a_board()),
    "audit": (["audit", "3"], an_audit()),
}
WRONG = [None, True, "x", 1.5, [None], 10**400]


def spoiled(found: Any) -> list[Any]:
    """The document with one member left out, or with one of another type, at every depth."""
    if isinstance(found, list):
        return [[each, *found[1:]] for each in spoiled(found[0])] if found else []
    if not isinstance(found, dict):
        return []
    every: list[Any] = []
    for name, value in found.items():
        every.append({key: each for key, each in found.items() if key != name})
        every += [{**found, name: wrong} for wrong in [*WRONG, *spoiled(value)]]
    return every


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("as_json", [False, True])
def test_no_spoiled_document_ends_in_a_traceback(name: str, as_json: bool) -> None:
    """`run` raises whatever is not caught. Some members may be null, or are not read at all."""
    arguments, whole = READ[name]
    codes = []
    for document in spoiled(whole):
        given = run(Service(answers=[answer(document)]), *arguments, as_json=as_json)
        codes.append(given.exit_code)
        if as_json:
            json.loads(given.stdout)
        elif given.exit_code == ExitCode.SERVICE_FAILURE:
            assert "the answer is no" in given.stderr

    refused = codes.count(ExitCode.SERVICE_FAILURE)
    assert refused > len(codes) / 2
    assert set(codes) <= {ExitCode.OK, ExitCode.SERVICE_FAILURE, ExitCode.NOT_SCORED}


def test_limits_by_name_are_read_and_a_wrong_one_is_named() -> None:
    known = {"slug": "rain", "title": "Rain", "primary_metric": "a", "greater_is_better": True}
    limits = {"recall": 0.95, "latency_p95_ms": 50}

    found = Service(answers=[answer({**known, "constraints": limits})]).client().benchmark("rain")
    assert found.constraints == limits
    for wrong, place in (({"recall": "x"}, r"constraints\.recall"), ([0.9], "constraints")):
        service = Service(answers=[answer({**known, "constraints": wrong})])
        with pytest.raises(AnswerError, match=rf"`{place}`"):
            service.client().benchmark("rain")


def test_place_is_named() -> None:
    left = {**a_budget(), "window": {"seconds": 86400, "used": 2}}

    with pytest.raises(AnswerError, match=r"budget \(`window.limit`\)"):
        Service(answers=[answer(left)]).client().budget("rain")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_number_that_is_none_passes_no_threshold(number: bytes) -> None:
    scored = json.dumps(a_submission("SCORED")).encode().replace(b"0.75", number)
    service = Service(answers=[httpx.Response(200, content=scored)])

    given = run(service, "wait", "x", "--fail-below", "0.5")

    assert given.exit_code == ExitCode.SERVICE_FAILURE


@pytest.mark.parametrize("following", [7, "http://[", "/?page_size=500", ["x"]])
def test_pages_that_lead_nowhere(following: Any) -> None:
    service = Service(answers=[page(following=following)] * 3)

    with pytest.raises(AnswerError):
        service.client().tokens()


@pytest.mark.parametrize(
    "arguments",
    [("template",), ("template", "--format", "parquet"), ("leaderboard", "--csv")],
)
def test_page_of_a_proxy_is_kept_as_no_file(arguments: tuple[str, ...], tmp_path: Path) -> None:
    service = Service(answers=[file_answer(b"<html>", "text/html; charset=utf-8")])

    given = run(service, *arguments, "-b", "rain")

    assert given.exit_code == ExitCode.SERVICE_FAILURE
    assert "<html>" not in given.output


def test_answer_that_cannot_be_unpacked() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"no gzip", headers={"Content-Encoding": "gzip"})

    given = run(Service(answers=[broken]), "status", "x")

    assert given.exit_code == ExitCode.SERVICE_FAILURE


@pytest.mark.parametrize("problems", [None, 5, "x", [5], [{"row": {}}], {"row": 1}])
def test_problems_of_another_shape(problems: Any, file: str) -> None:
    refusal = problem(422, "invalid_file", problems=problems)
    service = Service(answers=[page(a_round()), refusal])

    given = run(service, "submit", file, "-b", "rain")

    assert given.exit_code == ExitCode.INVALID_FILE


def test_token_that_is_not_listed_is_not_rotated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")
    kept = Credentials(url=URL, token=TOKEN)
    credentials.store({"XDG_CONFIG_HOME": str(tmp_path / "config")}, kept)

    given = run(Service(answers=[page()]), "rotate")

    assert given.exit_code == ExitCode.SERVICE_FAILURE
