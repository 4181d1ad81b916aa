"""A published draw against the hash of its seed and the disclosed shards: every change shows."""

import hashlib
import json
from typing import Any

import pytest
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import Service, answer, file_answer

SEED = bytes(range(32))
BATCH = "0195a4f0-7d22-4a01-8c11-aabbccddeeff"
IDS = ["0195a4f0-5b1c-7d8e-9f00-11223344556a", "0195a4f0-5b1c-7d8e-9f00-11223344556b"]
N, N_FIRST = 12, 5


def drawn() -> list[list[int]]:
    """By the words of the page, apart from the client's code."""
    stream = hashlib.shake_256(SEED).digest(8 * N)
    order = sorted(range(N), key=lambda i: int.from_bytes(stream[8 * i : 8 * i + 8], "big"))
    return [sorted(order[:N_FIRST]), sorted(order[N_FIRST:])]


def a_shard(number: int, items: list[int], label: str = "1") -> dict[str, Any]:
    text = "id,label\n" + "".join(f"{i},{label}\n" for i in items)
    salt = bytes([number]) * 32
    return {
        "format": "holdout-vault-disclosure/1",
        "benchmark": "rain",
        "holdout": IDS[number],
        "panel_version": 1,
        "panel_sha256": "0" * 64,
        "n_items": len(items),
        "commitment": hashlib.sha256(salt + text.encode()).hexdigest(),
        "salt": salt.hex(),
        "text": text,
    }


def a_draw(**members: Any) -> dict[str, Any]:
    return {
        "format": "holdout-vault-draw/1",
        "benchmark": "rain",
        "batch": BATCH,
        "id_kind": "integer",
        "holdouts": IDS,
        "seed": SEED.hex(),
        "draws_groups": False,
        "stratified": False,
        "classes": ["0", "1"],
        "exchangeability": {"shards": [], "tests": []},
        **members,
    }


def service(
    shards: list[list[int]] | None = None, seed_sha256: str = "", draw: dict[str, Any] | None = None
) -> Service:
    return Service(answers=drawn_answers(shards, seed_sha256, draw))


def drawn_answers(
    shards: list[list[int]] | None = None, seed_sha256: str = "", draw: dict[str, Any] | None = None
) -> list[Any]:
    files = [a_shard(i, items) for i, items in enumerate(shards or drawn())]
    known = {
        "slug": "rain",
        "holdouts": [
            {
                "id": each["holdout"],
                "status": "DISCLOSED",
                "n_items": each["n_items"],
                "commitment": each["commitment"],
            }
            for each in files
        ],
        "draws": [
            {
                "batch": BATCH,
                "seed_sha256": seed_sha256 or hashlib.sha256(SEED).hexdigest(),
                "holdouts": IDS,
            }
        ],
    }
    told = [json.dumps(each).encode() for each in (draw or a_draw(), *files)]
    return [answer(known), *(file_answer(each, JSON) for each in told)]


JSON = "application/json"


def verify(given: Service, *arguments: str) -> Any:
    return run(given, "verify-draw", BATCH, "-b", "rain", *arguments)


def test_a_true_draw_is_verified() -> None:
    given = verify(service(), "--seed-sha256", hashlib.sha256(SEED).hexdigest())

    assert given.exit_code == 0
    assert "Verified: the seed is the one" in given.stderr


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (service(shards=[list(range(5)), list(range(5, N))]), "does not give these shards"),
        (service(seed_sha256="ab" * 32), "not the one that was committed to"),
        (service(draw=a_draw(seed="11" * 32)), "not the one that was committed to"),
    ],
)
def test_every_change_shows(changed: Service, reason: str) -> None:
    given = verify(changed)

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert reason in given.stderr


@pytest.mark.parametrize(
    "draw",
    [
        a_draw(format="x"),
        a_draw(seed="00"),
        a_draw(seed="zz" * 32),
        a_draw(batch="another"),
        a_draw(holdouts=IDS[::-1]),
        a_draw(classes=None),
        a_draw(classes=["0"], stratified=True),
    ],
)
def test_a_file_that_is_none_is_not_verified(draw: dict[str, Any]) -> None:
    assert verify(service(draw=draw)).exit_code == ExitCode.NOT_VERIFIED


def test_ids_that_are_no_whole_numbers_are_not_verified() -> None:
    """The kind of ids is the file's own claim."""
    answers = drawn_answers()
    shard = a_shard(1, drawn()[1])
    shard["text"] = shard["text"].replace("\n", "\nx", 1)
    salted = bytes.fromhex(shard["salt"]) + shard["text"].encode()
    shard["commitment"] = hashlib.sha256(salted).hexdigest()
    known = json.loads(answers[0].content)
    known["holdouts"][1]["commitment"] = shard["commitment"]
    given = verify(
        Service(
            answers=[answer(known), *answers[1:3], file_answer(json.dumps(shard).encode(), JSON)]
        )
    )

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert "kind of ids" in given.stderr


def corrected(answers: list[Any], newest: str = "") -> Service:
    """The service says that the labels it discloses are those of a second version."""
    known = json.loads(answers[0].content)
    for each in known["holdouts"]:
        first = {"version": 1, "commitment": "0" * 64, "reason": None}
        second = {"version": 2, "commitment": newest or each["commitment"], "reason": "mixed up"}
        each |= {"commitment": "0" * 64, "label_versions": [first, second]}
    return Service(answers=[answer(known), *answers[1:]])


@pytest.mark.parametrize("newest", ["", "1" * 64])
def test_corrected_labels_have_the_commitment_of_their_version(newest: str) -> None:
    """What was sealed first is not what is disclosed, and the draw is of the same items."""
    given = verify(corrected(drawn_answers(), newest))

    assert given.exit_code == (ExitCode.NOT_VERIFIED if newest else 0)


def test_classes_of_corrected_labels_may_not_be_those_of_the_draw() -> None:
    shards, draw = [list(range(5)), list(range(5, N))], a_draw(stratified=True)
    reason = "by the labels as they were sealed"

    sealed = verify(Service(answers=drawn_answers(shards, draw=draw)))
    later = verify(corrected(drawn_answers(shards, draw=draw)))

    assert (sealed.exit_code, later.exit_code) == (ExitCode.NOT_VERIFIED, ExitCode.NOT_VERIFIED)
    assert reason not in " ".join(sealed.stderr.split())
    assert reason in " ".join(later.stderr.split())


def test_a_draw_that_the_service_does_not_know_is_not_verified() -> None:
    given = run(service(), "verify-draw", BATCH.replace("f", "0"), "-b", "rain")

    assert given.exit_code == ExitCode.NOT_VERIFIED
