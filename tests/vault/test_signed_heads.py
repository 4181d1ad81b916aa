"""Invariant 8 for strangers: what was signed cannot be unsaid, by whoever owns the database."""

import base64
import datetime as dt
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DatabaseError, connection, transaction

from tests.vault import rewriting
from tests.vault.factories import NOW, acting_as, die
from tests.vault.rewriting import as_owner
from tests.vault.signing import (
    CHANGES,
    DAY,
    SECOND,
    append,
    as_line,
    changed,
    last,
    make_benchmark,
    make_signing_key,
    signed,
)
from vault import journal, signed_heads, signing_keys
from vault.errors import JournalError, SigningKeyError
from vault.models import Benchmark, Holdout, JournalEntry, SignedHead, SigningKey

pytestmark = pytest.mark.django_db(transaction=True)


def verified(signable: Benchmark) -> journal.Head:
    return journal.verify(benchmark_id=signable.pk, kept=signed_heads.kept(benchmark=signable))


def test_a_head_is_what_a_stranger_verifies_with_the_documented_bytes(
    signable: Benchmark, signing_key: SigningKey
) -> None:
    with acting_as("audit"):
        head = signed(signable, NOW)

    end = last(signable)
    assert (head.number, head.hash, end.kind) == (4, end.hash, "head_signed")
    lines = ("holdout-vault journal head 1", "weather", "4", end.hash, "2026-03-01T12:00:00Z")
    message = "".join(f"{line}\n" for line in (*lines, signing_key.kid))
    public = serialization.load_pem_public_key(signing_key.public_key.encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(base64.b64decode(head.signature), message.encode())
    assert verified(signable).sequence == 4


def test_nothing_is_signed_of_a_benchmark_that_may_still_be_renamed(
    signable: Benchmark, signing_key: SigningKey
) -> None:
    """Two heads of two benchmarks under one name would be proof against an honest service."""
    Holdout.objects.filter(benchmark=signable).delete()
    assert signed_heads.sign_if_due(benchmark=signable, now=NOW) is None


def test_a_benchmark_with_sealed_labels_keeps_its_name(signable: Benchmark) -> None:
    with (
        pytest.raises(DatabaseError, match="keeps its short name"),
        acting_as("researcher"),
        transaction.atomic(),
    ):
        Benchmark.objects.filter(pk=signable.pk).update(slug="another")
    with acting_as("researcher"):
        Benchmark.objects.filter(pk=signable.pk).update(slug=signable.slug, title="Another")


@pytest.mark.parametrize("member", CHANGES)
def test_a_changed_member_does_not_verify(signable: Benchmark, member: str) -> None:
    statement = signed_heads.statement_of(signed(signable, NOW))
    if member == "number":
        append(signable, NOW, "more")
        statement = signed_heads.statement_of(signed(signable, NOW + DAY))

    assert signed_heads.trusted([statement])
    with pytest.raises(JournalError, match=r"signed by no key|does not verify"):
        signed_heads.trusted([changed(statement, member)])


def test_what_another_service_signed_is_not_ours(signable: Benchmark, tmp_path: Path) -> None:
    statement = signed_heads.statement_of(signed(signable, NOW))
    as_owner(
        lambda: (SignedHead.objects.all().delete(), SigningKey.objects.all().delete()),
        "vault_signedhead",
        "vault_signingkey",
    )
    signing_keys.create(private_key_file=tmp_path / "another.key", now=NOW)

    with pytest.raises(JournalError, match=r"signed head 4 .* is signed by no key of this service"):
        signed_heads.trusted([statement])


def test_an_old_generation_stays_verifiable(
    signable: Benchmark, tmp_path: Path, settings: Any
) -> None:
    first = signed(signable, NOW)
    make_signing_key(directory=tmp_path, settings=settings, now=NOW, name="second")
    append(signable, NOW, "round_closed")
    second = signed(signable, NOW)

    assert [first.key.generation, second.key.generation] == [1, 2]
    assert verified(signable).sequence == second.number


@pytest.mark.parametrize(
    ("kinds", "later", "is_due"),
    [
        ((), 2 * DAY, False),
        (("release",), DAY - SECOND, False),
        (("release",), DAY, True),
        (("round_closed",), SECOND, True),
        (("round_published", "holdout_status"), SECOND, True),
        (("round_closing", "round_audited"), SECOND, False),
    ],
)
def test_signed_after_a_close_and_a_publication_else_once_a_day(
    signable: Benchmark, kinds: tuple[str, ...], later: dt.timedelta, is_due: bool
) -> None:
    signed(signable, NOW)
    append(signable, NOW, *kinds)

    made = signed_heads.sign_if_due(benchmark=signable, now=NOW + later)

    assert (made is not None) == is_due
    assert signed_heads.sign_if_due(benchmark=signable, now=NOW + later) is None
    assert verified(signable).sequence == 4 + len(kinds) + is_due


def test_a_new_name_is_signed_and_old_heads_keep_theirs(signable: Benchmark) -> None:
    signed(signable, NOW)
    Benchmark.objects.filter(pk=signable.pk).update(slug="climate")
    signable.refresh_from_db()
    append(signable, NOW, "benchmark_changed")
    signed(signable, NOW)

    heads = SignedHead.objects.order_by("number")
    assert [each.slug for each in heads] == ["weather", "climate"]
    assert verified(signable).sequence == 6


def test_an_empty_journal_is_not_signed(signing_key: SigningKey) -> None:
    empty = make_benchmark("empty")

    assert signed_heads.sign_if_due(benchmark=empty, now=NOW) is None


def test_no_one_can_guess_what_was_hashed_last(signable: Benchmark) -> None:
    """Two journals that are equal but for the salt have heads that tell nothing of each other."""
    salts = []
    for number in range(2):
        append(signable, NOW, "round_closed")
        signed(signable, NOW + number * SECOND)
        salts.append(json.loads(last(signable).payload)["salt"])

    assert len(set(salts)) == 2
    assert all(len(bytes.fromhex(each)) == 32 for each in salts)


def test_workers_at_once_sign_once(signable: Benchmark) -> None:
    start = threading.Barrier(4)

    def sign(_: int) -> SignedHead | None:
        try:
            start.wait(10)
            return signed_heads.sign_if_due(benchmark=signable, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = [each for each in pool.map(sign, range(4)) if each is not None]

    assert len(made) == SignedHead.objects.count() == 1
    assert JournalEntry.objects.filter(benchmark=signable, kind="head_signed").count() == 1


def test_entries_that_come_meanwhile_are_followed_too(
    signable: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_to = journal.append

    def after_another(**given: Any) -> int:
        append_to(**{**given, "kind": "meanwhile", "payload": {}})
        return append_to(**given)

    monkeypatch.setattr(journal, "append", after_another)
    head = signed(signable, NOW)

    assert head.number == 5
    assert verified(signable).sequence == 5


@pytest.mark.parametrize("where", ["append", "sign", "create"])
def test_killed_at_any_step_it_is_signed_the_next_time(
    signable: Benchmark, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    owner: Any = {"append": journal, "sign": signing_keys.Signer, "create": SignedHead.objects}
    with monkeypatch.context() as patched:
        patched.setattr(owner[where], where, die)
        with pytest.raises(KeyboardInterrupt):
            signed_heads.sign_if_due(benchmark=signable, now=NOW)
    assert not SignedHead.objects.exists()
    assert last(signable).sequence == 3

    assert signed(signable, NOW).number == 4


def test_without_its_key_it_signs_nothing_and_enters_nothing(
    signable: Benchmark, settings: Any
) -> None:
    settings.SIGNING_PRIVATE_KEY_FILE = ""

    with pytest.raises(SigningKeyError):
        signed_heads.sign_if_due(benchmark=signable, now=NOW)
    assert last(signable).sequence == 3


@pytest.mark.parametrize(
    ("rewrite", "said"),
    [
        (rewriting.cut, r"the chain ends at entry 2, before signed head 4 \(2026-03-01T12:00:00Z"),
        (rewriting.cut_and_go_on, r"entry 4 is not signed head 4 \(2026-03-01T12:00:00Z\)"),
        (rewriting.from_the_middle, r"entry 4 is not signed head 4 \(2026-03-01T12:00:00Z\)"),
    ],
)
def test_a_rewritten_journal_fails_at_the_first_head_and_is_signed_no_more(
    signable: Benchmark, rewrite: Callable[[Benchmark], None], said: str
) -> None:
    signed(signable, NOW)
    append(signable, NOW, "round_closed")
    signed(signable, NOW + SECOND)
    rewrite(signable)

    assert journal.verify(benchmark_id=signable.pk)
    with pytest.raises(JournalError, match=said):
        verified(signable)
    append(signable, NOW, "round_closed")
    with pytest.raises(JournalError, match="signed head 6"):
        signed_heads.sign_if_due(benchmark=signable, now=NOW + 2 * DAY)
    assert SignedHead.objects.count() == 2


def test_the_first_head_that_does_not_fit_is_named(signable: Benchmark) -> None:
    for number in range(3):
        append(signable, NOW, "round_closed")
        signed(signable, NOW + number * SECOND)
    assert list(SignedHead.objects.values_list("number", flat=True)) == [5, 7, 9]
    rewriting.from_the_middle(signable, at=6)

    with pytest.raises(JournalError, match=r"entry 7 is not signed head 7 \("):
        verified(signable)


def test_an_entry_changed_behind_the_last_head_is_not_signed(signable: Benchmark) -> None:
    signed(signable, NOW)
    append(signable, NOW, "round_closed")
    as_owner(lambda: JournalEntry.objects.filter(sequence=5).update(actor="another"))

    with pytest.raises(JournalError, match="entry 5 was changed"):
        signed_heads.sign_if_due(benchmark=signable, now=NOW)


def test_a_head_that_the_owner_made_up_is_no_ground_to_go_on_from(signable: Benchmark) -> None:
    """Without the private key a forged history does not get its first signature either."""
    signed(signable, NOW)
    rewriting.cut_and_go_on(signable)
    end = last(signable)
    as_owner(
        lambda: SignedHead.objects.update(number=end.sequence, hash=end.hash), "vault_signedhead"
    )
    append(signable, NOW, "round_closed")

    with pytest.raises(JournalError, match="does not verify"):
        signed_heads.sign_if_due(benchmark=signable, now=NOW)


@pytest.mark.parametrize(
    "statement", ["UPDATE vault_signedhead SET number = 1", "DELETE FROM vault_signedhead"]
)
def test_the_owner_too_is_refused_while_triggers_are_on(
    signable: Benchmark, statement: str
) -> None:
    signed(signable, NOW)

    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_file_of_heads_is_read_by_line(signable: Benchmark) -> None:
    statement = signed_heads.statement_of(signed(signable, NOW))

    assert signed_heads.read(f"\n{as_line(statement)}\n{as_line(statement)}") == [statement] * 2


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[" * 100_000,
        "[]",
        "{}",
        "null",
        '{"number": true}',
        *[f"{member}: gone" for member in CHANGES],
    ],
)
def test_a_line_that_is_no_head_is_named(signable: Benchmark, line: str) -> None:
    whole = as_line(signed_heads.statement_of(signed(signable, NOW)))
    member = line.removesuffix(": gone")
    given = whole.replace(f'"{member}"', '"something"') if member in CHANGES else line

    with pytest.raises(JournalError, match="line 2 is no signed head"):
        signed_heads.read(f"{whole}{given}\n")


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("signed_at", "2026-03-01T12:00:00+00:00"),
        ("signed_at", "2026-03-01T12:00:0\N{ARABIC-INDIC DIGIT ONE}Z"),
        ("hash", "A" * 64),
        ("benchmark", "weather\\n5"),
    ],
)
def test_another_spelling_is_no_head(signable: Benchmark, member: str, text: str) -> None:
    statement = signed_heads.statement_of(signed(signable, NOW))
    line = as_line(statement).replace(getattr(statement, member), text)

    with pytest.raises(JournalError, match="line 1"):
        signed_heads.read(line)
