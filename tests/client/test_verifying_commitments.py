"""A disclosed file against the commitment of the service and the one that was kept: every change shows."""

import csv
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


def a_detail(commitment: str = COMMITMENT, shown: Any = None, **members: Any) -> Any:
    holdout = {"id": ID, "status": "DISCLOSED", "n_items": 3, "commitment": commitment, **members}
    another = {**holdout, "id": ID.replace("6", "7"), "commitment": OTHER}
    return answer({"slug": "rain", "holdouts": [another, holdout], **(shown or {})})


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(**members: Any) -> str:
        path = tmp_path / "disclosed.json"
        path.write_text(json.dumps(a_file(**members), ensure_ascii=False), encoding="utf-8")
        return str(path)

    return write


OFFLINE = ("--offline", "--commitment", COMMITMENT)


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


def test_a_file_of_another_benchmark_than_asked_for_is_a_wrong_command(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(benchmark="snow")
    given = [verify(Service(), path, "-b", "rain"), verify(Service(), path, "-b", "rain", *OFFLINE)]
    monkeypatch.setenv("HOLDOUT_BENCHMARK", "rain")
    given.append(verify(Service(), path))

    for each in given:
        assert each.exit_code == ExitCode.USAGE
        assert "NOT verified" not in each.stderr
        assert "'snow'" in each.stderr
        assert "'rain'" in each.stderr
    assert verify(Service(answers=[a_detail()]), write()).exit_code == 0


def test_ids_of_holdouts_are_the_same_in_any_case(write: Any) -> None:
    upper = ID.upper()
    for in_file, in_list in ((upper, ID), (ID, upper)):
        service = Service(answers=[a_detail(id=in_list)])
        assert verify(service, write(holdout=in_file)).exit_code == 0
    content = json.dumps(a_file(holdout=upper)).encode()
    fetched = Service(answers=[file_answer(content, "application/json"), a_detail()])
    assert verify(fetched, "--holdout", ID, "-b", "rain").exit_code == 0


def test_offline_the_holdout_is_the_files_own_claim(write: Any) -> None:
    """The commitment covers neither id nor benchmark."""
    said = " ".join(offline(write(holdout="another", benchmark="snow")).stderr.split())

    assert "holdout another of the benchmark snow is the file's own claim" in said
    asked = verify(Service(answers=[a_detail()]), write())
    assert "claim" not in asked.stderr


@pytest.mark.parametrize(
    ("shown", "of_holdout", "part"),
    [
        ({"slug": "snow"}, {}, "its benchmark is 'rain', and 'snow' by the service"),
        ({}, {"n_items": 4}, "its n_items is 3, and 4 by the service"),
        ({}, {"panel_version": 2}, "its panel_version is 1, and 2 by the service"),
        ({"panel": {"version": 0}}, {}, "its panel_version, 1, is none; the latest"),
    ],
)
def test_what_the_service_shows_otherwise_is_not_verified(
    write: Any, shown: dict[str, Any], of_holdout: dict[str, Any], part: str
) -> None:
    service = Service(answers=[a_detail(shown=shown, **of_holdout)])

    given = verify(service, write())

    assert (given.exit_code, part in " ".join(given.stderr.split())) == (10, True)


@pytest.mark.parametrize("panel", [None, {"version": 1}, {"version": 2}])
def test_a_file_may_be_of_an_earlier_panel_or_of_one_that_is_not_shown(
    write: Any, panel: Any
) -> None:
    service = Service(answers=[a_detail(shown={"panel": panel}, panel_version=1)])

    assert verify(service, write()).exit_code == 0


def test_a_fetched_file_that_names_another_benchmark_is_not_verified() -> None:
    content = json.dumps(a_file(benchmark="snow")).encode()
    service = Service(answers=[file_answer(content, "application/json"), a_detail()])

    given = verify(service, "--holdout", ID, "-b", "rain")

    assert (given.exit_code, "its benchmark is 'snow'" in given.stderr) == (10, True)


def test_a_text_of_any_length_is_verified_and_the_limit_put_back(write: Any) -> None:
    text = f"id,label,group\n1,0,{'x' * 200_000}\n2,1,b\n"
    own = hashlib.sha256(SALT + text.encode()).hexdigest()
    before = csv.field_size_limit()

    given = offline(write(text=text, n_items=2, commitment=own), own)
    broken = offline(write(text=text + '"', n_items=3, commitment=own), own)

    assert (given.exit_code, broken.exit_code) == (0, 10)
    assert "no CSV" in broken.stderr
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("name", ["text", "salt", "holdout", "of nobody"])
def test_a_member_that_stands_there_twice_is_not_verified(tmp_path: Path, name: str) -> None:
    """Another program may read the first of them, and see other labels."""
    members = json.dumps(a_file(**{name: a_file().get(name, "x")}))
    twice = f'{{"{name}": "another", {members[1:]}'
    nested = members.replace("{", f'{{"further": {{"{name}": 1, "{name}": 1}}, ', 1)
    path = tmp_path / "twice.json"

    for content in (twice, nested):
        path.write_text(content)
        given = offline(str(path))
        assert given.exit_code == 10
        assert f"it has the member {name!r} twice" in " ".join(given.stderr.split())


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
    "no panel version": {"panel_version": None},
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


def test_corrected_labels_are_compared_with_the_commitment_of_their_version(write: Any) -> None:
    """The first commitment stays what was sealed; each later version has one of its own."""
    first = {"version": 1, "commitment": OTHER, "reason": None}
    second = {"version": 2, "commitment": COMMITMENT, "reason": "stations were mixed up"}
    for versions, code in (
        ([first, second], 0),
        ([first, {**second, "commitment": "1" * 64}], ExitCode.NOT_VERIFIED),
    ):
        given = verify(Service(answers=[a_detail(OTHER, label_versions=versions)]), write())

        assert given.exit_code == code
        assert "version 2 of 2" in given.stderr
        assert "stations were mixed up" in given.stderr
