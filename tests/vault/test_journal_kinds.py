"""Which role may enter what: one list in code, the same in the database, and nothing else is entered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from config.grants import ROLES
from config.settings import BASE_DIR
from tests.vault.factories import NOW, acting_as
from tests.vault.signing import make_benchmark
from vault import journal
from vault.journal_kinds import KINDS
from vault.models import JournalEntry, RoundNotice
from vault.statuses import RoundStatus

pytestmark = pytest.mark.django_db(transaction=True)

ROOMS = ("vault", "audits", "webhooks", "config")
LIST = "journal_kinds.py"
WRITERS = ("append", "append_of_round", "append_of_installation", "_enter")
# A round's moves are entered under the status that they lead to; planning is an entry of its own.
OF_STATUSES = {f"round_{status.lower()}" for status in RoundStatus if status != RoundStatus.PLANNED}


def in_database() -> set[tuple[str, str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT role, kind, is_of_installation FROM vault_journalkind")
        return set(cursor.fetchall())


def in_code() -> set[tuple[str, str, bool]]:
    return {(role, each.name, each.is_of_installation) for each in KINDS for role in each.roles}


def texts(node: ast.expr) -> Iterator[str]:
    """Every text that an expression can be, such as one of two."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def in_source() -> set[str]:
    """What is given as a kind to a writer, and what modules call KIND."""
    found: set[str] = set()
    for path in (path for room in ROOMS for path in (BASE_DIR / room).rglob("*.py")):
        if "migrations" not in path.parts:
            found |= of_file(path)
    return found


def of_file(path: Path) -> set[str]:
    found: set[str] = set()
    text = path.read_text()
    if "journal" not in text and "_enter" not in text:
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in WRITERS:
                given = [each.value for each in node.keywords if each.arg == "kind"]
                given += node.args[:1] if name == "_enter" else []
                for each in given:
                    if not isinstance(each, ast.JoinedStr):
                        found |= set(texts(each))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "KIND":
            found |= set(texts(node.value))
    return found


def test_code_and_database_agree() -> None:
    assert in_database() == in_code()


def test_an_upgrade_brings_new_kinds_and_takes_old_ones() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO vault_journalkind VALUES ('web', 'invented', false)")
        cursor.execute("DELETE FROM vault_journalkind WHERE kind = 'release'")
    assert in_database() != in_code()

    call_command("grant_roles", verbosity=0)

    assert in_database() == in_code()


def test_every_kind_of_the_source_is_listed() -> None:
    found = in_source()
    listed = {each.name for each in KINDS}

    assert {"release", "team_unranked", "token_issued", "reference_doubted", "head_signed"} <= found
    assert (found | OF_STATUSES) - listed == set()


def test_no_kind_is_listed_that_nothing_enters() -> None:
    """A kind that its writer does not name as such is a notice's, or a text somewhere."""
    left = {each.name for each in KINDS} - in_source() - OF_STATUSES - set(RoundNotice.Kind.values)
    paths = [path for room in ROOMS for path in (BASE_DIR / room).rglob("*.py")]
    kept = [each for each in paths if "migrations" not in each.parts and each.name != LIST]
    everything = "".join(each.read_text() for each in kept)

    assert {each for each in left if f'"{each}"' not in everything} == set()


ALONE = {
    "seal_verified": "audit",
    "seal_refused": "audit",
    "batch_received": "web",
    "open_for_rotation": "audit",
    "round_rescored": "scoring",
    "audit_repeated": "researcher",
    "release": "scoring",
}


@pytest.mark.parametrize("name", ALONE)
def test_what_one_process_does_its_role_alone_enters(name: str) -> None:
    (kind,) = (each for each in KINDS if each.name == name)

    assert kind.roles == (ALONE[name],)


def test_kinds_are_listed_once_and_say_what_they_are() -> None:
    names = [each.name for each in KINDS]

    assert len(names) == len(set(names))
    for each in KINDS:
        assert each.roles
        assert set(each.roles) <= set(ROLES)
        assert len(each.roles) == len(set(each.roles))
        assert len(each.name) <= 40  # of the journal's column
        assert each.sentence == each.sentence.strip()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_enters_what_is_its_own_and_nothing_else(role: str) -> None:
    benchmark = make_benchmark("kinds")
    taken, refused = [], []
    with acting_as(role):
        for each in (*[kind.name for kind in KINDS], "invented", "RELEASE", ""):
            for benchmark_id in (benchmark.pk, None):
                try:
                    with transaction.atomic():
                        journal.append(
                            benchmark_id=benchmark_id, kind=each, actor="x", payload={}, now=NOW
                        )
                    taken.append((role, each, benchmark_id is None))
                except ProgrammingError as error:
                    refused.append(str(error))

    assert set(taken) == {each for each in in_code() if each[0] == role}
    assert all("permission denied" in each for each in refused)
    assert len(taken) + len(refused) == 2 * (len(KINDS) + 3)
    assert JournalEntry.objects.count() == len(taken)
    for benchmark_id in (benchmark.pk, None):
        journal.verify(benchmark_id=benchmark_id)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vault_journalkind VALUES ('web', 'release', false)",
        "DELETE FROM vault_journalkind",
        "UPDATE vault_installationhead SET sequence = 0",
        "INSERT INTO vault_installationhead VALUES (1, 0, '')",
        "SET ROLE scoring; SET ROLE audit",
    ],
)
def test_no_role_lists_itself(role: str, statement: str) -> None:
    if statement.startswith("SET ROLE"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_has_role(%s, 'scoring', 'SET')", [role])
            assert cursor.fetchone()[0] is (role == "scoring")
        return
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
