"""A disclosed file against the commitment of the service and the one that was kept: every change shows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import Service, answer, file_answer, problem

ID = "0195a4f0-5b1c-7d8e-9f00-112233445566"
SALT = bytes(range(32))
TEXT = 'id,label,slice:season\n7,0,wet\n10,1,"dry, hot"\n12,1,é\n'
COMMITMENT = hashlib.sha256(SALT + TEXT.encode()).hexdigest()
OTHER = "0" * 64


def a_file(**members: Any) -> dict[str, Any]:
    return {
        "format": "holdout-vault-disclosure/1",
        "benchmark": "rain",
        "holdout": ID,
        "panel_version": 1,
        "panel_sha256": OTHER,
        "n_items": 3,
        "commitment": COMMITMENT,
        "salt": SALT.hex(),
        "text": TEXT,
        **members,
    }


def a_detail(commitment: str = COMMITMENT, **members: Any) -> Any:
    holdout = {"id": ID, "status": "DISCLOSED", "n_items": 3, "commitment": commitment, **members}
    another = {**holdout, "id": ID.replace("6", "7"), "commitment": OTHER}
    return answer({"slug": "rain", "holdouts": [another, holdout]})


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(**members: Any) -> str:
        path = tmp_path / "disclosed.json"
        path.write_text(json.dumps(a_file(**members), ensure_ascii=False), encoding="utf-8")
        return str(path)

    return write


def verify(service: Service, *arguments: str, **given: Any) -> Any:
    return run(service, "verify-commitment", *arguments, **given)


def offline(path: str, commitment: str = COMMITMENT, **given: Any) -> Any:
    return verify(Service(), path, "--offline", "--commitment", commitment, **given)


def test_a_true_file_is_verified_with_the_service(write: Any) -> None:
    service = Service(answers=[a_detail()])

    given = verify(service, write())

    assert given.exit_code == 0
    assert "Verified: these are the labels" in given.stderr
    assert given.stdout.count(COMMITMENT) == 3
    assert "DIFFERENT" not in given.stdout
    assert service.asked[0].url.path == "/api/v1/benchmarks/rain/"


def test_it_is_fetched_by_the_id_of_its_holdout() -> None:
    content = json.dumps(a_file()).encode()
    service = Service(answers=[file_answer(content, "application/json"), a_detail()])

    given = verify(service, "--holdout", ID.upper(), "-b", "rain")

    assert given.exit_code == 0
    path = f"/api/v1/benchmarks/rain/holdouts/{ID.upper()}/labels/"
    assert [each.url.path for each in service.asked] == [path, "/api/v1/benchmarks/rain/"]


@pytest.mark.parametrize("kept", [COMMITMENT, COMMITMENT.upper(), f" {COMMITMENT}\n"])
def test_a_kept_commitment_needs_no_service(write: Any, kept: str) -> None:
    assert offline(write(), kept).exit_code == 0


def test_service_and_kept_copy_must_both_agree(write: Any) -> None:
    """A service that has changed its mind says the new commitment: the kept one tells."""
    kept = verify(Service(answers=[a_detail()]), write(), "--commitment", OTHER)
    published = verify(Service(answers=[a_detail(OTHER)]), write(), "--commitment", COMMITMENT)

    for given, whose in ((kept, "your kept copy"), (published, "the service")):
        assert given.exit_code == 10
        said = " ".join(given.stderr.split())
        assert f"not what the commitment by {whose} was computed of" in said
        assert "DIFFERENT" in given.stdout


LINES = TEXT.splitlines(keepends=True)
TAMPERED = {
    "one label": {"text": TEXT.replace("10,1", "10,0")},
    "one id": {"text": TEXT.replace("7,0", "8,0")},
    "two labels changed places": {"text": TEXT.replace("7,0", "7,1").replace("10,1", "10,0")},
    "the order": {"text": "".join([LINES[0], LINES[2], LINES[1], LINES[3]])},
    "the names": {"text": TEXT.replace("slice:season", "slice:month")},
    "a slice": {"text": TEXT.replace("wet", "dry")},
    "an item less": {"text": "".join(LINES[:-1]), "n_items": 2},
    "an item more": {"text": TEXT + "13,0,wet\n", "n_items": 4},
    "an item twice": {"text": TEXT + LINES[1], "n_items": 4},
    "line ends": {"text": TEXT.replace("\n", "\r\n")},
    "the last line end": {"text": TEXT.removesuffix("\n")},
    "quotes": {"text": TEXT.replace("wet", '"wet"')},
    "the salt": {"salt": SALT[::-1].hex()},
    "the file's commitment": {"commitment": OTHER},
}


@pytest.mark.parametrize("members", TAMPERED.values(), ids=TAMPERED)
def test_every_change_shows(write: Any, members: dict[str, Any]) -> None:
    path = write(**members)

    for given in (offline(path), verify(Service(answers=[a_detail()]), path)):
        assert given.exit_code == 10
        assert "NOT verified" in given.stderr
        assert "Verified:" not in given.stderr


def test_labels_with_a_commitment_of_their_own_are_not_those_of_the_service(write: Any) -> None:
    """Whoever makes a whole new file makes it fit itself."""
    text = TEXT.replace("10,1", "10,0")
    own = hashlib.sha256(SALT + text.encode()).hexdigest()

    given = verify(Service(answers=[a_detail()]), write(text=text, commitment=own))

    assert given.exit_code == 10
    assert "by the service was computed of" in " ".join(given.stderr.split())


FORGED = {
    "a longer salt with the first lines in it": {
        "salt": (SALT + "".join(LINES[:2]).encode()).hex(),
        "text": "".join(LINES[2:]),
        "n_items": 1,
    },
    "a shorter salt with its end in the text": {
        "salt": SALT[:-1].hex(),
        "text": SALT[-1:].decode() + TEXT,
    },
    "no salt": {"salt": ""},
    "salt in capitals": {"salt": "AB" * 32},
    "no header": {"text": "".join(LINES[1:]), "n_items": 2},
    "another header": {"text": TEXT.replace("id,label", "id,labels")},
    "another number of items": {"n_items": 4},
    "another format": {"format": "holdout-vault-disclosure/2"},
    "a text that is none": {"text": None},
    "a number that is none": {"n_items": True},
    "a field without an end": {"text": TEXT + '"' + "x" * 200_000, "n_items": 4},
    "half a character": {"text": "id,label\n1,\ud800\n", "n_items": 1},
}


@pytest.mark.parametrize("members", FORGED.values(), ids=FORGED)
def test_what_breaks_the_format_is_not_verified(tmp_path: Path, members: dict[str, Any]) -> None:
    """The same bytes cut in two at another place have the same hash."""
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(a_file(**members)))

    given = offline(str(path))

    assert given.exit_code == 10
    assert "NOT verified: " in given.stderr


@pytest.mark.parametrize("content", [b"", b"id,label\n1,0\n", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_another_file_is_not_verified(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    assert offline(str(path)).exit_code == 10


def test_a_file_of_another_holdout_is_not_verified() -> None:
    content = json.dumps(a_file(holdout=ID.replace("6", "7"))).encode()
    service = Service(answers=[file_answer(content, "application/json"), a_detail()])

    given = verify(service, "--holdout", ID, "-b", "rain")

    assert (given.exit_code, "the file of another holdout" in given.stderr) == (10, True)


def test_a_holdout_that_the_service_does_not_know_is_not_verified(write: Any) -> None:
    service = Service(answers=[a_detail()])

    given = verify(service, write(holdout="0195a4f0-0000-7d8e-9f00-112233445566"))

    assert (given.exit_code, "the service has no holdout" in given.stderr) == (10, True)


def test_what_is_not_disclosed_is_refused() -> None:
    given = verify(Service(answers=[problem(404, "not_found")]), "--holdout", ID, "-b", "rain")

    assert given.exit_code == ExitCode.REFUSED


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("FILE", "--holdout", ID, "-b", "rain"),
        ("--holdout", ID),
        ("FILE", "--offline"),
        ("--holdout", ID, "-b", "rain", "--offline", "--commitment", COMMITMENT),
        ("FILE", "--commitment", "12ab"),
        ("FILE", "--commitment", "x" * 64),
        ("missing.json",),
    ],
)
def test_a_wrong_command_line_asks_nobody(write: Any, arguments: tuple[str, ...]) -> None:
    path = write()

    given = verify(Service(), *(path if each == "FILE" else each for each in arguments))

    assert given.exit_code == ExitCode.USAGE


def test_machines_read_one_document(write: Any) -> None:
    true, false = write(), None
    given = verify(Service(answers=[a_detail()]), true, "--commitment", COMMITMENT, as_json=True)

    told = json.loads(given.stdout)
    assert (told["is_verified"], told["computed"], told["n_items"]) == (True, COMMITMENT, 3)
    assert told["compared"] == [
        {"of": whose, "commitment": COMMITMENT, "is_equal": True}
        for whose in ("the service", "your kept copy", "the file itself")
    ]
    false = offline(write(), OTHER, as_json=True)
    assert (false.exit_code, json.loads(false.stdout)["is_verified"]) == (10, False)
    broken = offline(write(salt="00"), as_json=True)
    assert (broken.exit_code, json.loads(broken.stdout)["error"]["code"]) == (10, "not_verified")
