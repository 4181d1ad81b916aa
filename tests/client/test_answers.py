"""Answers that are none of the service's: a login page of a network, a proxy, another program."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from holdout import Client, NetworkError

from tests.client.service import Service, a_round, answer, page

Call = Callable[[Client, Path], Any]

CALLS: dict[str, Call] = {
    "budget": lambda client, path: client.budget("rain"),
    "rounds": lambda client, path: client.rounds("rain"),
    "submission": lambda client, path: client.submission("x"),
    "validate": lambda client, path: client.validate(path, benchmark="rain"),
    "wait": lambda client, path: client.wait("x"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"null", b"\xff"])
def test_what_is_no_json_object(call: Call, body: bytes, file: str) -> None:
    service = Service(answers=[httpx.Response(200, content=body)])

    with pytest.raises(NetworkError, match="service's address"):
        call(service.client(), Path(file))


@pytest.mark.parametrize("call", [CALLS[name] for name in CALLS if name != "budget"])
def test_object_of_another_kind(call: Call, file: str) -> None:
    service = Service(answers=[answer({"hello": "world"})])

    with pytest.raises(NetworkError, match="service's address"):
        call(service.client(), Path(file))


def test_answer_to_a_submission(file: str) -> None:
    service = Service(answers=[page(a_round()), httpx.Response(200, content=b"<html>")])

    with pytest.raises(NetworkError, match="service's address"):
        service.client().submit(Path(file), benchmark="rain")
