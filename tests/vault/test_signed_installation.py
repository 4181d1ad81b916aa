"""The installation's chain is signed when a benchmark's is, and anybody holds the service to it."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from audits import heads as audits_heads
from tests.vault.api.stage import Caller, problem
from tests.vault.factories import NOW, acting_as, die
from tests.vault.rewriting import as_owner
from tests.vault.signing import DAY, SECOND, append, as_line, signed
from vault import journal, signed_heads
from vault.errors import JournalError
from vault.models import Benchmark, InstallationHead, JournalEntry, SignedHead

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "journal/head/"


def enter(n: int = 1) -> None:
    for _ in range(n):
        journal.append_of_installation(kind="team_created", actor="ada", now=NOW, team="a")


def sign(now: Any = NOW) -> SignedHead | None:
    return signed_heads.sign_if_due(benchmark=None, now=now)


def verified() -> journal.Head:
    return journal.verify(benchmark_id=None, kept=signed_heads.kept(benchmark=None))


def command(*arguments: str) -> str:
    said = io.StringIO()
    with acting_as("scoring"):
        call_command("verify_journal", *arguments, stdout=said)
    return said.getvalue()


def test_it_is_signed_with_a_benchmarks_head_and_once(signable: Benchmark) -> None:
    assert sign() is None  # of an empty chain
    enter(2)
    with acting_as("audit"):
        for _ in range(2):
            audits_heads.sign_all(clock=lambda: NOW)

    head = SignedHead.objects.get(benchmark=None)
    assert (head.slug, head.number) == ("@installation", 3)
    assert SignedHead.objects.count() == 2
    last = JournalEntry.objects.get(benchmark=None, sequence=3)
    assert (last.kind, last.hash) == ("installation_head_signed", head.hash)
    enter()
    assert sign(NOW + SECOND) is None
    append(signable, NOW, "round_closed")
    signed(signable, NOW + SECOND)
    assert sign(NOW + SECOND) is not None
    assert verified().sequence == 5


def test_a_day_after_the_last_time_it_is_signed_by_itself(signable: Benchmark) -> None:
    enter()
    assert sign() is not None
    assert sign(NOW + DAY) is None  # nothing was entered
    enter()
    assert sign(NOW + DAY - SECOND) is None
    assert sign(NOW + DAY) is not None


def test_killed_between_its_entry_and_its_signature_it_is_signed_later(
    signable: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter()
    with monkeypatch.context() as patched:
        patched.setattr(signed_heads.Statement, "message", property(die))
        with pytest.raises(KeyboardInterrupt):
            sign()
    assert not SignedHead.objects.exists()
    assert sign() is not None
    assert verified().sequence == 2


def test_a_rewritten_chain_gets_no_further_signature(signable: Benchmark) -> None:
    enter(2)
    assert sign() is not None

    def cut() -> None:
        JournalEntry.objects.filter(benchmark=None).delete()
        InstallationHead.objects.update(sequence=0, hash=journal.GENESIS)

    as_owner(cut, "vault_journalentry")
    enter(5)
    assert journal.verify(benchmark_id=None).sequence == 5

    with pytest.raises(JournalError, match="entry 3 is not signed head 3"):
        sign(NOW + DAY)
    with pytest.raises(CommandError, match="installation: entry 3 is not signed head 3"):
        command()


def test_the_command_takes_the_heads_that_a_stranger_kept(
    signable: Benchmark, tmp_path: Path
) -> None:
    enter()
    of_benchmark, own = signed(signable, NOW), sign()
    assert own is not None
    file, other = tmp_path / "heads.jsonl", tmp_path / "other.jsonl"
    lines = [as_line(signed_heads.statement_of(each)) for each in (of_benchmark, own)]
    file.write_text("".join(lines))
    other.write_text(lines[0])

    said = command("--head", str(file))
    assert "weather: 1 signed in the file, all in the chain" in said
    assert "installation: 1 signed in the file, all in the chain" in said
    only = command("--installation", "--head", str(file))
    assert only.splitlines()[-1] == f"installation: sound, head 2:{own.hash}"
    assert "weather" not in only
    with pytest.raises(CommandError, match="holds no head of the installation"):
        command("--installation", "--head", str(other))
    other.write_text(lines[1])
    with pytest.raises(CommandError, match="holds no head of weather"):
        command("--benchmark", "weather", "--head", str(other))
    other.write_text(lines[1].replace(own.hash, "0" * 64))
    with pytest.raises(
        CommandError, match=r"installation: .* has a signature that does not verify"
    ):
        command("--head", str(other))


@pytest.mark.usefixtures("api_site")
def test_anybody_asks_for_it(signable: Benchmark) -> None:
    anyone = Caller()
    assert problem(anyone.get(HEAD)) == (404, "not_found")
    enter()
    first = sign()
    signed(signable, NOW)
    enter()
    latest = sign()
    assert first is not None
    assert latest is not None

    answer = anyone.get(HEAD)
    (statement,) = signed_heads.read(answer.content.decode())
    assert signed_heads.trusted([statement]) == [signed_heads.statement_of(latest).head()]
    assert anyone.get(f"{HEAD}?number={first.number}").json()["hash"] == first.hash
    assert problem(anyone.get(f"{HEAD}?number=1")) == (404, "not_found")
    again = anyone.get(HEAD, **{"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_no_benchmark_has_its_name(signable: Benchmark) -> None:
    with pytest.raises(ValidationError):
        Benchmark(slug="@installation", title="x").clean_fields()


def test_going_back_leaves_the_benchmarks_heads_alone(signable: Benchmark) -> None:
    enter()
    kept = signed(signable, NOW)
    assert sign() is not None
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([("vault", "0050_opening_attempts")])
    finally:
        MigrationExecutor(connection).migrate(newest)
        call_command("grant_roles", verbosity=0)

    assert SignedHead.objects.get() == kept
    assert journal.verify(benchmark_id=None).sequence == 2
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SignedHead.objects.update(number=9)


def test_its_heads_are_said_once(signable: Benchmark) -> None:
    enter()
    head = sign()
    assert head is not None
    head.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        head.save(force_insert=True)
