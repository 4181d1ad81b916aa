"""The chain that is about no benchmark: people, teams and tokens, verified as any other (invariant 8)."""

import json
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError

from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.tampering import tamper
from tests.vault.teams.test_merging import merge
from vault import journal
from vault.errors import JournalError
from vault.models import InstallationHead, JournalEntry, Team
from vault.teams import rosters, token_links, tokens

pytestmark = [pytest.mark.usefixtures("vault_keys")]

LATER = NOW.replace(year=2027)


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    found = JournalEntry.objects.filter(benchmark=None).order_by("sequence")
    return [(each.kind, each.actor, json.loads(each.payload)) for each in found]


def kinds() -> list[str]:
    return [kind for kind, _, _ in entries()]


@pytest.fixture
def world(vault_keys: None) -> World:
    world = make_world("installation")
    world.open()
    for name in ("a", "b"):
        world.team(name)
    return world


def issue(team: Team, **given: Any) -> Any:
    both = list(tokens.SCOPES)
    return tokens.issue(team=team, label="", scopes=both, expires_at=None, now=NOW, **given)


def test_a_token_is_named_by_how_it_begins(world: World) -> None:
    team = world.teams["a"]
    with acting_as("researcher"):
        token, plain = issue(team, actor="ada")
    with acting_as("web"):
        made, other = tokens.issue_from(
            parent=token, label="", scopes=["read"], expires_at=None, now=NOW
        )
        successor, third = tokens.rotate(token=made, by=token, grace=LATER - NOW, now=NOW)
        tokens.revoke(token=token, now=NOW)

    assert kinds() == ["token_issued"] * 3 + ["token_rotated", "token_revoked"]
    assert [actor for _, actor, _ in entries()] == ["ada", *[team.name] * 4]
    assert entries()[0][2] == {
        "team": team.name,
        "token": plain[: tokens.SHOWN],
        "scopes": ["read", "submit"],
    }
    assert entries()[3][2]["successor"] == successor.prefix
    told = "".join(JournalEntry.objects.values_list("payload", flat=True))
    for secret in (plain, other, third):
        assert secret[: tokens.SHOWN] in told
        assert secret[tokens.SHOWN :] not in told
        assert tokens.digest(secret) not in told


def test_links_and_lists_of_teams(world: World) -> None:
    lines = rosters.read(body=b"team,title\nnew,The new one\n")
    with acting_as("researcher"):
        (made,) = rosters.make(
            lines=lines,
            batch=uuid.uuid4(),
            links_expire_at=LATER,
            token_expires_at=None,
            actor="ada",
            now=NOW,
        )
    with acting_as("web"):
        token_links.redeem(secret=made.secret, now=NOW)
    with acting_as("researcher"):
        token_links.make(
            team=made.team,
            batch=uuid.uuid4(),
            row=1,
            expires_at=LATER,
            token_expires_at=None,
            actor="ada",
            now=NOW,
        )
        token_links.cancel(team=made.team, actor="ada", now=NOW)
        token_links.cancel(team=made.team, actor="ada", now=NOW)

    assert kinds() == [
        *("team_created", "token_link_made", "token_issued", "token_link_used"),
        *("token_link_made", "token_links_cancelled"),
    ]
    assert made.secret not in str(entries())
    assert str(journal.verify(benchmark_id=None)).startswith("6:")


def test_a_merge_stands_in_both_chains(world: World) -> None:
    merge(world)

    assert entries()[-1] == (
        "team_merged",
        "ada",
        {"absorbed": "installation-b", "kept": "installation-a", "reason": "one person"},
    )
    assert JournalEntry.objects.filter(benchmark=world.benchmark, kind="teams_merged").exists()


def test_it_verifies_beside_the_benchmarks_and_shows_what_was_done_to_it(world: World) -> None:
    for name in ("a", "b", "a"):
        issue(world.teams[name])
    of_benchmark = journal.verify(benchmark_id=world.benchmark.pk)
    head = journal.verify(benchmark_id=None)
    assert head.sequence == 3

    tamper(
        "vault_journalentry",
        "UPDATE vault_journalentry SET actor = 'eve' WHERE benchmark_id IS NULL AND sequence = 2",
    )
    with pytest.raises(JournalError, match="entry 2 was changed"):
        journal.verify(benchmark_id=None)
    assert journal.verify(benchmark_id=world.benchmark.pk) == of_benchmark
    with pytest.raises(CommandError, match="installation: entry 2"):
        call_command("verify_journal", verbosity=0)


def test_its_end_shows_against_its_head_and_one_that_was_kept(world: World, capsys: Any) -> None:
    for _ in range(2):
        issue(world.teams["a"])
    with acting_as("scoring"):
        call_command("verify_journal", "--installation")
    kept = capsys.readouterr().out.split()[-1]
    with acting_as("scoring"):
        call_command("verify_journal", "--installation", "--head", kept)

    tamper(
        "vault_journalentry",
        "DELETE FROM vault_journalentry WHERE benchmark_id IS NULL AND sequence = 2",
    )
    with pytest.raises(JournalError, match="does not end at its head"):
        journal.verify(benchmark_id=None)
    last = JournalEntry.objects.get(benchmark=None)
    InstallationHead.objects.update(sequence=1, hash=last.hash)
    journal.verify(benchmark_id=None)
    with pytest.raises(CommandError, match="the chain ends at entry 1"):
        call_command("verify_journal", "--installation", "--head", kept)


@pytest.mark.parametrize("given", [["--benchmark", "installation"], ["--head", __file__]])
def test_options_that_do_not_go_together(world: World, given: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("verify_journal", "--installation", *given)


@pytest.mark.parametrize("role", ["web", "researcher", "audit"])
def test_only_the_scoring_worker_replays(world: World, role: str) -> None:
    """As the documents say; `tests/vault/test_replay.py` runs it as the scoring worker."""
    world.answered(world.teams["a"], world.wrong_at([1]))
    with acting_as(role), pytest.raises(ProgrammingError, match="permission denied"):
        call_command("verify_journal", "--replay", verbosity=0)


@pytest.mark.parametrize(("role", "may"), [("researcher", True), ("web", False), ("audit", False)])
def test_who_else_verifies_chains(world: World, role: str, may: bool) -> None:
    issue(world.teams["a"])
    with acting_as(role):
        if may:
            call_command("verify_journal", verbosity=0)
            return
        with pytest.raises(ProgrammingError, match="permission denied"):
            call_command("verify_journal", verbosity=0)
