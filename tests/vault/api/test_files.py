"""How a file comes in: what the headers must say, what the body must be, and that a refusal costs nothing."""

import errno
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.conf import settings

from tests.vault.api.stage import (
    CSV,
    N_ITEMS,
    PARQUET,
    Caller,
    a_world,
    csv_of,
    file_number,
    problem,
)
from vault.models import Submission, Team, TeamToken
from vault.parser_pool import Limits, ParserPool

PATHS = ("benchmarks/weather/submissions/", "benchmarks/weather/validate/")
SUBMIT, VALIDATE = PATHS
BOUNDARY = "a-boundary"


@pytest.fixture
def bot() -> Caller:
    return Caller(a_world().team("ours"))


def multipart(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A form of parts, each with the rest of its disposition line and what follows."""
    body = b""
    for head, content in parts:
        body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()
        body += content + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    return {"body": body, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def parquet_number(number: int) -> bytes:
    table = {
        "id": [f"item-{i:05d}" for i in range(N_ITEMS)],
        "label": [number >> bit & 1 for bit in range(N_ITEMS)],
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(table), buffer)
    return buffer.getvalue()


def everything() -> dict[str, Any]:
    """Every row of every table and every stored file; of tokens, not when they were last used."""
    tables: dict[str, Any] = {}
    for model in apps.get_models():
        rows = model._default_manager.order_by("pk")
        names = {field.attname for field in model._meta.concrete_fields}
        if model is TeamToken:
            names.discard("last_used_at")
        tables[model._meta.label] = list(rows.values(*sorted(names)))
    files = Path(settings.MEDIA_ROOT).rglob("*")
    return {**tables, "files": sorted(str(each) for each in files)}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("length", ["", "-1", "1e3", "0x10", "²", "12 ", "1,2"])
def test_length_is_demanded(bot: Caller, path: str, length: str) -> None:
    """A chunked body comes without one; an odd one is none."""
    response = bot.post(path, file_number(1), headers={"Content-Length": length})

    assert problem(response) == (411, "length_required")


def test_chunked_body_is_refused_even_with_a_length(bot: Caller) -> None:
    """Two lengths that disagree are how requests are smuggled."""
    response = bot.post(SUBMIT, file_number(1), headers={"Transfer-Encoding": "chunked"})

    assert problem(response) == (411, "length_required")


@pytest.mark.parametrize("length", [str(64 * 1024 * 1024 + 1), "9" * 18, "9" * 5000])
def test_too_long_a_body_is_refused_unread(bot: Caller, length: str) -> None:
    response = bot.post(SUBMIT, b"", headers={"Content-Length": length})

    assert problem(response) == (413, "content_too_large")
    assert response.json()["limit"] == 64 * 1024 * 1024


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "", "application/x-www-form-urlencoded", "text/csvx", "é"],
)
def test_other_types_are_refused(bot: Caller, content_type: str) -> None:
    response = bot.post(SUBMIT, file_number(1), content_type)

    assert problem(response) == (415, "unsupported_media_type")
    assert CSV in response.json()["detail"]


@pytest.mark.parametrize("content_type", ["Text/CSV", "text/csv; charset=utf-8; header=present"])
def test_csv_has_more_than_one_spelling(bot: Caller, content_type: str) -> None:
    assert bot.post(SUBMIT, file_number(1), content_type).status_code == 202


def test_parquet_is_the_same_predictions(bot: Caller) -> None:
    first = bot.post(SUBMIT, file_number(11))

    again = bot.post(SUBMIT, parquet_number(11), PARQUET)

    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


@pytest.mark.parametrize("path", PATHS)
def test_body_that_is_cut_off_is_an_error(bot: Caller, path: str) -> None:
    """Even where what has arrived looks like a file."""
    body = file_number(1)

    response = bot.post(path, body, headers={"Content-Length": str(len(body) + 7)})

    assert problem(response) == (400, "incomplete_body")


class _Broken(io.RawIOBase):
    """A client that goes away in the middle."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


def test_client_that_goes_away_is_no_error_of_ours(bot: Caller) -> None:
    options: dict[str, Any] = {"wsgi.input": _Broken(), "headers": {"Content-Length": "9"}}

    assert problem(bot.post(SUBMIT, **options)) == (400, "incomplete_body")


@pytest.mark.parametrize(
    ("name", "part_type", "make"),
    [
        ("p.csv", "text/csv", file_number),
        ("p.parquet", PARQUET, parquet_number),
        # Programs that do not know Parquet, and files without a telling name.
        ("p.parquet", "application/octet-stream", parquet_number),
        ("P.PARQUET", "application/octet-stream", parquet_number),
        ("predictions", "application/octet-stream", file_number),
        ("../../etc/passwd", "text/csv", file_number),
    ],
)
def test_form_with_one_file(
    bot: Caller, name: str, part_type: str, make: Callable[[int], bytes]
) -> None:
    first = bot.post(SUBMIT, file_number(6))
    head = f'name="file"; filename="{name}"\r\nContent-Type: {part_type}'

    response = bot.post(SUBMIT, **multipart((head, make(6))))

    assert (response.status_code, response.json()["id"]) == (200, first.json()["id"])


ONE = ('name="file"; filename="a.csv"', b"id,label\n")


@pytest.mark.parametrize(
    "form",
    [
        multipart(),
        multipart(('name="other"; filename="a.csv"', b"id,label\n")),
        multipart(('name="file"', b"a field, not a file")),
        multipart(ONE, ONE),
        multipart(ONE, ('name="more"; filename="b.csv"', b"")),
        {"body": b"no parts at all", "content_type": f"multipart/form-data; boundary={BOUNDARY}"},
        {"body": b"", "content_type": f"multipart/form-data; boundary={BOUNDARY}"},
        {"body": file_number(1), "content_type": "multipart/form-data"},
        {"body": file_number(1), "content_type": "multipart/form-data; boundary="},
        {"body": file_number(1), "content_type": "multipart/form-data; boundary=é\x7f"},
        {**multipart(ONE), "content_type": f"multipart/form-data; boundary={'x' * 300}"},
        multipart(*[(f'name="f{i}"', b"1") for i in range(2000)]),
        multipart(*[(f'name="file"; filename="f{i}"', b"1") for i in range(200)]),
        multipart(('name="text"', b"x" * 100_000), ONE),
        multipart(('name="file"; filename="a.csv"\r\nContent-Transfer-Encoding: base64', b"%%%")),
    ],
)
def test_form_of_another_shape_is_refused(bot: Caller, form: dict[str, Any]) -> None:
    response = bot.post(SUBMIT, **form)

    assert response.status_code in (400, 422)
    assert problem(response)[1] in ("malformed_request", "invalid_file")
    assert Submission.objects.count() == 0


def test_form_may_carry_fields_beside_the_file(bot: Caller) -> None:
    head = 'name="file"; filename="p.csv"\r\nContent-Type: text/csv'

    response = bot.post(SUBMIT, **multipart(('name="note"', b"hello"), (head, file_number(1))))

    assert response.status_code == 202


INVALID: dict[str, tuple[bytes, str]] = {
    "empty": (b"", CSV),
    "header only": (b"id,label\n", CSV),
    "no header": (file_number(1).partition(b"\n")[2], CSV),
    "short": (file_number(1)[:-12], CSV),
    "unknown label": (csv_of([2] * N_ITEMS), CSV),
    "one too many": (file_number(1) + b"item-00060,1\n", CSV),
    "twice": (file_number(1) + b"item-00000,1\n", CSV),
    "nul": (file_number(1).replace(b"item-00005", b"item-\x000005"), CSV),
    "not UTF-8": (b"\xff\xfe" + file_number(1), CSV),
    "UTF-16": (file_number(1).decode().encode("utf-16"), CSV),
    "huge number": (csv_of([10**400, *[0] * 59]), CSV),
    "formula": (csv_of(["=1+1", *[0] * 59]), CSV),
    "quotes": (b'id,label\n"' * 50, CSV),
    "not Parquet": (file_number(1), PARQUET),
    "Parquet as CSV": (parquet_number(1), CSV),
    "broken Parquet": (parquet_number(1)[:-9] + b"\0" * 5 + b"PAR1", PARQUET),
    "pickle": (b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.", PARQUET),
}


@pytest.mark.parametrize("name", INVALID)
@pytest.mark.parametrize("path", PATHS)
def test_invalid_file_changes_nothing(bot: Caller, path: str, name: str) -> None:
    """Invariant 2: no row of any table, and no file."""
    before = everything()
    body, content_type = INVALID[name]

    response = bot.post(path, body, content_type)

    assert problem(response) == (422, "invalid_file")
    shown = response.json()
    assert shown["n_problems"] >= len(shown["problems"]) >= 1
    assert len(shown["problems"]) <= 10
    assert len(response.content) < 5000
    assert everything() == before


def test_valid_file_does_change_something(bot: Caller) -> None:
    """So that the test above can see it."""
    before = everything()
    bot.post(SUBMIT, file_number(1))

    changed = {name for name, rows in everything().items() if rows != before[name]}
    assert changed == {"vault.Submission", "vault.BudgetEntry", "files"}


def test_repeated_file_changes_nothing(bot: Caller) -> None:
    bot.post(SUBMIT, file_number(1))
    before = everything()

    bot.post(SUBMIT, file_number(1))

    assert everything() == before


def test_busy_parser_is_said_before_the_body_is_read(
    bot: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(processes=1, backlog=0, memory_mb=2048, seconds=20.0)
    pool = ParserPool(limits)
    monkeypatch.setattr("vault.parser_pool._new_pool", lambda pid: pool)
    with pool.slot():
        # A body that could not be read: it is not missed.
        response = bot.post(SUBMIT, b"", headers={"Content-Length": "1000"})

    assert problem(response) == (503, "parser_busy")
    assert response["Retry-After"] == "2"


def test_large_files_of_one_team_have_a_share_of_the_slots(
    bot: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small ones go on, and so do the files of others."""
    pool = ParserPool(Limits(processes=2, backlog=4, memory_mb=2048, seconds=20.0))
    monkeypatch.setattr("vault.parser_pool._new_pool", lambda pid: pool)
    team_id = Team.objects.get(is_reference=False).pk
    large = {"Content-Length": str(2 << 20)}
    with pool.slot(team_id=team_id), pool.slot(team_id=team_id):
        refused = bot.post(SUBMIT, b"", headers=large)
        packed = bot.post(SUBMIT, b"", headers={"Content-Encoding": "gzip"})
        small = bot.post(SUBMIT, b"", headers={"Content-Length": "9"})
    after = bot.post(SUBMIT, b"", headers=large)

    assert problem(refused) == problem(packed) == (503, "parser_busy")
    assert "2 large files of this team" in refused.json()["detail"]
    assert problem(small) == problem(after) == (400, "incomplete_body")


def test_slot_is_given_back_after_every_kind_of_refusal(
    bot: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ParserPool(Limits(processes=1, backlog=0, memory_mb=2048, seconds=20.0))
    monkeypatch.setattr("vault.parser_pool._new_pool", lambda pid: pool)
    try:
        for _ in range(2):
            assert bot.post(SUBMIT, b"x", headers={"Content-Length": "9"}).status_code == 400
            assert bot.post(SUBMIT, b"nonsense").status_code == 422
            assert bot.post(SUBMIT, **multipart(ONE, ONE)).status_code == 400
        assert bot.post(SUBMIT, file_number(1)).status_code == 202
    finally:
        pool.close()


def test_validation_says_what_would_be_handed_in(bot: Caller) -> None:
    response = bot.post(VALIDATE, file_number(1))

    shown = response.json()
    assert response.status_code == 200
    assert (shown["is_valid"], shown["panel_version"], shown["n_items"]) == (True, 1, N_ITEMS)
    assert re.fullmatch("[0-9a-f]{64}", shown["sha256"])
    assert bot.post(SUBMIT, file_number(1)).json()["sha256"] == shown["sha256"]


def test_validation_changes_nothing(bot: Caller) -> None:
    """Invariant 2: the dry run of a valid file, too."""
    before = everything()

    bot.post(VALIDATE, file_number(1))

    assert everything() == before


@pytest.mark.parametrize("query", ["?round=9", "?round=x", f"?round={'9' * 40}"])
def test_validation_against_a_round_that_is_not_there(bot: Caller, query: str) -> None:
    assert problem(bot.post(VALIDATE + query, file_number(1))) == (404, "not_found")


def test_validation_does_not_ask_for_admission_or_an_open_round() -> None:
    """A team checks its files before the round opens."""
    world = a_world(is_open=False)

    assert Caller(world.team("ours")).post(VALIDATE, file_number(1)).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("model_name=" + "x" * 201, "model_name"),
        ("model_name=a%00b", "model_name"),
        ("model_name=a%0Ab", "model_name"),
        ("commit=" + "0" * 65, "commit"),
        ("commit=;rm", "commit"),
        ("ci_run_url=javascript:alert(1)", "ci_run_url"),
        ("ci_run_url=https://" + "x" * 500, "ci_run_url"),
        ("ci_run_url=https://[", "ci_run_url"),
        ("validation_score=good", "validation_score"),
        ("validation_score=nan", "validation_score"),
        ("validation_score=-inf", "validation_score"),
        ("validation_score=1e21", "validation_score"),
    ],
)
def test_provenance_that_does_not_fit_costs_nothing(bot: Caller, query: str, field: str) -> None:
    before = everything()

    response = bot.post(f"{SUBMIT}?{query}", file_number(1))

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == field
    assert everything() == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_file_store_costs_nothing_and_leaves_nothing(
    bot: Caller, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    bot.post(SUBMIT, file_number(2))
    before = everything()

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("vault.files.content_files.os.fsync", full)
        response = bot.post(SUBMIT, file_number(1), headers={"Idempotency-Key": '"once"'})

    assert problem(response) == (503, "storage_full")
    assert response["Retry-After"] == "60"
    assert everything() == before
    # When there is room again, the same request goes through.
    again = bot.post(SUBMIT, file_number(1), headers={"Idempotency-Key": '"once"'})
    assert again.status_code == 202
