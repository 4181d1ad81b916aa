"""Bodies that gzip packed: the same file as the plain one, and nothing for whoever sends a bomb."""

import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from tests.vault.api.stage import PARQUET, Caller, file_number, problem
from tests.vault.api.test_files import (
    PATHS,
    SUBMIT,
    VALIDATE,
    everything,
    multipart,
    parquet_number,
)
from vault.models import IdempotentAnswer, Submission

PACKED = {"Content-Encoding": "gzip"}
KEY = {"Idempotency-Key": '"pipeline-7"'}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity, gzip", "gzip,"])
def test_packed_file_is_the_same_submission(bot: Caller, coding: str) -> None:
    plain = bot.post(SUBMIT, file_number(5))

    packed = bot.post(SUBMIT, gzip.compress(file_number(5)), headers={"Content-Encoding": coding})

    assert (packed.status_code, packed.json()) == (200, plain.json())
    assert Submission.objects.count() == 1


def test_packed_parquet_and_packed_form_are_the_same_submission(bot: Caller) -> None:
    first = bot.post(SUBMIT, file_number(6)).json()["id"]
    packed = gzip.compress(parquet_number(6))
    form = multipart(('name="file"; filename="p.csv"\r\nContent-Type: text/csv', file_number(6)))

    as_parquet = bot.post(SUBMIT, packed, PARQUET, headers=PACKED)
    as_form = bot.post(SUBMIT, gzip.compress(form["body"]), form["content_type"], headers=PACKED)

    assert as_parquet.json()["id"] == as_form.json()["id"] == first


def test_members_and_padding_are_read(bot: Caller) -> None:
    body = file_number(3)
    packed = gzip.compress(body[:100]) + gzip.compress(body[100:]) + b"\0" * 512

    assert bot.post(SUBMIT, packed, headers=PACKED).status_code == 202


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("is_packed_first", [True, False])
def test_key_stands_for_the_unpacked_file(bot: Caller, path: str, is_packed_first: bool) -> None:
    sent: list[tuple[bytes, dict[str, str]]] = [
        (gzip.compress(file_number(1), 9), {**PACKED, **KEY}),
        (file_number(1), KEY),
        (gzip.compress(file_number(1), 1), {**PACKED, **KEY}),
    ]
    if not is_packed_first:
        sent = [sent[1], sent[0], sent[2]]

    first, *others = [bot.post(path, body, headers=headers) for body, headers in sent]

    assert "Idempotency-Replayed" not in first
    for other in others:
        assert other["Idempotency-Replayed"] == "true"
        assert other.content == first.content
    another = bot.post(path, gzip.compress(file_number(2)), headers={**PACKED, **KEY})
    assert problem(another) == (422, "idempotency_key_reused")


def test_verdict_on_a_file_is_kept_for_both_forms(bot: Caller) -> None:
    bad = file_number(1).replace(b",1\n", b",7\n", 1)

    first = bot.post(SUBMIT, gzip.compress(bad), headers={**PACKED, **KEY})
    again = bot.post(SUBMIT, bad, headers=KEY)

    assert problem(first) == (422, "invalid_file")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


WHOLE = gzip.compress(file_number(1), mtime=0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (WHOLE[:-3], "cut off"),
        (WHOLE[:40], "cut off"),
        (WHOLE + b"more", "4 bytes that are not gzip follow"),
        (WHOLE[:30] + b"\xff" * 8 + WHOLE[38:], "damaged"),
        (file_number(1), "not packed by gzip; send it without Content-Encoding"),
        (b"", "empty"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_broken_packing_is_told_and_not_held_against_the_key(
    bot: Caller, path: str, body: bytes, said: str
) -> None:
    before = everything()

    response = bot.post(path, body, headers={**PACKED, **KEY})

    assert problem(response) == (400, "malformed_request")
    assert said in response.json()["detail"]
    assert everything() == before
    assert bot.post(path, WHOLE, headers={**PACKED, **KEY}).status_code in (200, 202)


@pytest.mark.parametrize("path", PATHS)
def test_bomb_costs_nothing(bot: Caller, path: str, settings: Settings) -> None:
    """A body that is small enough, with a file that is not; one that just fits is read."""
    settings.MAX_UPLOAD_BYTES = 100_000
    bot.post(SUBMIT, file_number(9))
    before = everything()

    response = bot.post(path, gzip.compress(b"\0" * 100_001), headers={**PACKED, **KEY})

    assert problem(response) == (413, "content_too_large")
    assert response.json()["limit"] == 100_000
    assert "unpacks to more than 100000 bytes" in response.json()["detail"]
    assert everything() == before
    assert not IdempotentAnswer.objects.exists()
    fits = bot.post(path, gzip.compress(b"\0" * 100_000), headers=PACKED)
    assert problem(fits) == (422, "invalid_file")


def test_packed_body_has_the_limit_of_every_body(bot: Caller, settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 10

    response = bot.post(SUBMIT, WHOLE, headers=PACKED)

    assert problem(response) == (413, "content_too_large")
    assert response.json()["detail"] == "A body may have 10 bytes"


def test_broken_packings_are_counted_as_parses(bot: Caller, settings: Settings) -> None:
    settings.PARSES_PER_MINUTE = 2

    answers = [bot.post(VALIDATE, WHOLE[:-1], headers=PACKED) for _ in range(4)]

    assert problem(answers[0]) == (400, "malformed_request")
    assert problem(answers[-1]) == (429, "parse_throttled")


def test_malformed_forms_are_counted_as_parses(bot: Caller, settings: Settings) -> None:
    settings.PARSES_PER_MINUTE = 2
    form = {"content_type": "multipart/form-data; boundary=b"}

    answers = [bot.post(VALIDATE, b"no parts at all", **form) for _ in range(4)]

    assert problem(answers[0]) == (400, "malformed_request")
    assert problem(answers[-1]) == (429, "parse_throttled")


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "compress"])
@pytest.mark.parametrize("path", PATHS)
def test_other_codings_are_refused_with_what_is_accepted(
    bot: Caller, path: str, coding: str
) -> None:
    response = bot.post(path, WHOLE, headers={"Content-Encoding": coding})

    assert problem(response) == (415, "unsupported_media_type")
    assert "gzip" in response.json()["detail"]
    assert response["Accept-Encoding"] == "gzip, identity"


def test_packed_file_without_the_header_is_told_of_it(bot: Caller) -> None:
    response = bot.post(SUBMIT, WHOLE)

    assert problem(response) == (422, "invalid_file")
    assert "Content-Encoding: gzip" in response.json()["detail"]


@pytest.mark.parametrize("path", ["tokens/", "webhooks/"])
def test_small_bodies_are_not_unpacked(bot: Caller, path: str) -> None:
    response = bot.post(path, gzip.compress(b"{}"), "application/json", headers=PACKED)

    assert problem(response) == (415, "unsupported_media_type")
    assert "prediction files alone" in response.json()["detail"]
    assert response["Accept-Encoding"] == "identity"


def test_files_in_hand_are_let_go(bot: Caller, open_files: Callable[[], int]) -> None:
    """Whatever became of them."""
    form = multipart(('name="file"; filename="p.csv"', file_number(1)))
    sent: list[Any] = [
        {"body": WHOLE, "headers": PACKED},
        {"body": WHOLE[:-1], "headers": PACKED},
        {"body": b"nonsense"},
        {"body": b"x", "headers": {"Content-Length": "9"}},
        form,
        {**form, "body": form["body"][:-20]},
    ]
    for each in sent:
        bot.post(VALIDATE, **each)
    before = open_files()

    for each in sent:
        bot.post(VALIDATE, **each)

    assert open_files() == before


@pytest.fixture
def open_files() -> Callable[[], int]:
    """How many files in memory this process has open."""

    def count() -> int:
        names = []
        for each in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{each}"))
            except FileNotFoundError:
                continue
        return sum("memfd:holdout-vault" in name for name in names)

    return count
