"""Two teams become one: a link, no row moved, and from then on one budget and no way back."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from stats import ledger
from tests.vault.api.stage import Caller
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import budget, holdout_ledger, rounds, submissions, unranking
from vault.budget_left import Remaining
from vault.errors import (
    AdmissionError,
    MergeError,
    NotAdmittedError,
    TotalExhaustedError,
    UnrankingError,
    VaultError,
)
from vault.models import (
    Admission,
    BudgetEntry,
    JournalEntry,
    Round,
    Submission,
    Team,
    TeamMerge,
    TeamToken,
    TokenLink,
)
from vault.teams import merging, token_links, tokens

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def merge(world: World, absorbed: str = "b", kept: str = "a", reason: str = "one person") -> None:
    with acting_as("researcher"):
        merging.merge(
            absorbed=world.teams[absorbed],
            kept=world.teams[kept],
            reason=reason,
            actor="ada",
            now=world.now,
        )


def opened(slug: str = "merging", *, c: float = 0.1, **given: Any) -> World:
    """Three teams; with a hundredth of accuracy as the step each better file is an improvement."""
    parameters = {"b": 4, "c": c, "z": 0.1}
    world = make_world(slug, mechanism="guarded_ladder", parameters=parameters, **given)
    world.open(baseline=world.wrong_at(range(150)))
    for name in ("a", "b", "c"):
        world.team(name)
    return world


@pytest.fixture
def world(vault_keys: None) -> World:
    return opened()


def asked(world: World, name: str, *wrong: int) -> list[Submission]:
    return [world.answered(world.teams[name], world.wrong_at(range(n))) for n in wrong]


def left(world: World, name: str = "a") -> Remaining:
    with acting_as("web"):
        return budget.remaining(round=world.round, team=world.teams[name], now=world.now)


def test_what_both_have_used_adds_up(world: World) -> None:
    asked(world, "a", 120, 121)
    asked(world, "b", 110, 80, 90)
    before = {name: left(world, name) for name in ("a", "b")}
    rows = list(BudgetEntry.objects.order_by("pk").values_list("pk", "admission_id", "kind"))

    merge(world)

    after = left(world)
    for figure in ("total_used", "window_used", "accepted_used", "nats_used", "nats_reserved"):
        told = getattr(before["a"], figure) + getattr(before["b"], figure)
        assert getattr(after, figure) == pytest.approx(told, rel=1e-15), figure
    assert (after.total_used, after.accepted_used) == (5, 3)
    assert after.total_limit == before["a"].total_limit  # it keeps its own limits
    assert left(world, "c").total_used == 0
    # Nothing was moved.
    assert rows == list(
        BudgetEntry.objects.order_by("pk").values_list("pk", "admission_id", "kind")
    )
    assert set(Submission.objects.values_list("team", flat=True)) == {
        world.teams[name].pk for name in ("reference", "a", "b")
    }


@pytest.mark.usefixtures("api_site")
def test_what_is_proven_is_of_the_queries_of_both(world: World) -> None:
    """Whoever asks with two accounts has as many answers as both may have."""
    type(world.query).objects.filter(pk=world.query.pk).update(n_items=1_000_000)
    merge(world)

    shown = Caller(world.teams["a"]).get("benchmarks/merging/budget/").json()

    round = Round.objects.select_related("query_holdout", "benchmark").get()
    pair = (world.teams["a"], world.teams["b"])
    k = sum(Admission.objects.filter(team__in=pair).values_list("k", flat=True))
    assert shown["proven_error"] == ledger.proven_error(
        account=holdout_ledger.account_of(round=round),
        nats=holdout_ledger.team_nats(round=round, team=world.teams["a"]),
        k=k,
    )
    assert shown["proven_error"] is not None


def test_budget_is_never_negative() -> None:
    world = opened(total_limit=3, window_limit=3)
    asked(world, "a", 120, 121)
    asked(world, "b", 110, 80)
    merge(world)

    assert left(world).total_used == 4
    with pytest.raises(TotalExhaustedError):
        world.submit(world.teams["a"], world.wrong_at([5]))


def test_a_refund_of_the_old_queue_is_room_again(world: World) -> None:
    waiting = world.submit(world.teams["b"], world.wrong_at([1])).submission
    merge(world)
    assert left(world).total_used == left(world).concurrent_used == 1

    submissions.cancel(submission=waiting, now=world.now)

    assert left(world).total_used == left(world).concurrent_used == 0


@pytest.mark.parametrize("limit", ["total_limit", "concurrent_limit", "window_limit"])
def test_twelve_at_once_and_a_merge_in_the_middle_share_one_budget(limit: str) -> None:
    """Each account alone has room for six: without the merge all twelve would be taken."""
    given: dict[str, Any] = {
        "total_limit": 30,
        "window_limit": 30,
        "concurrent_limit": 30,
        limit: 6,
    }
    if limit == "total_limit":
        given["window_limit"] = 6
    world = opened(f"at-once-{limit.split('_')[0]}", **given)
    start = threading.Barrier(13)
    outcomes: list[tuple[str, str]] = []

    def post(number: int) -> None:
        name = "ab"[number % 2]
        start.wait(20)
        try:
            world.submit(world.teams[name], world.wrong_at([number, number + 20]))
            outcomes.append((name, "taken"))
        except VaultError as error:
            outcomes.append((name, error.code))
        finally:
            connection.close()

    def join(_: int) -> None:
        start.wait(20)
        merging.merge(
            absorbed=world.teams["b"], kept=world.teams["a"], reason="x", actor="ada", now=world.now
        )
        connection.close()

    with ThreadPoolExecutor(13) as pool:
        done = [pool.submit(post, number) for number in range(12)]
        done.append(pool.submit(join, 0))
        for each in done:
            each.result()

    assert len(outcomes) == 12
    # The absorbed team's came before the merge, or were refused for it; afterwards one budget holds.
    taken = Submission.objects.filter(team__in=(world.teams["a"], world.teams["b"])).count()
    assert taken == outcomes.count(("a", "taken")) + outcomes.count(("b", "taken"))
    assert {code for name, code in outcomes if name == "b"} <= {"taken", "not_admitted"}
    assert left(world).total_used == taken
    for number in range(100, 100 + max(0, 6 - taken)):
        world.submit(world.teams["a"], world.wrong_at([number]))
    with pytest.raises(VaultError, match=r"used|wait"):
        world.submit(world.teams["a"], world.wrong_at([99]))


def test_the_kept_team_never_exceeds_what_was_left_at_the_merge() -> None:
    """Twelve at once right after it: exactly what both have left together is taken."""
    world = opened(total_limit=9, window_limit=9)
    asked(world, "a", 120)
    asked(world, "b", 110, 111, 112)
    merge(world)
    start = threading.Barrier(12)

    def post(number: int) -> bool:
        start.wait(20)
        try:
            return world.submit(world.teams["a"], world.wrong_at([number])).is_new
        except TotalExhaustedError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(post, range(12)))

    assert sum(taken) == 5
    assert left(world).total_used == 9


def test_the_absorbed_team_ends_at_once(world: World) -> None:
    team = world.teams["b"]
    _, plain = tokens.issue(team=team, label="", scopes=["read"], expires_at=None, now=NOW)
    end = NOW.replace(year=2027)
    token_links.make(
        team=team,
        batch=uuid.uuid4(),
        row=1,
        expires_at=end,
        token_expires_at=None,
        actor="t",
        now=NOW,
    )
    assert tokens.authenticate(plain=plain, now=NOW) is not None

    merge(world)

    team.refresh_from_db()
    assert not team.is_active
    assert tokens.authenticate(plain=plain, now=NOW) is None
    assert TeamToken.objects.get(team=team).revoked_at == world.now
    assert TokenLink.objects.get(team=team).expires_at == world.now
    with pytest.raises(NotAdmittedError, match=f"merged into {world.teams['a']}"):
        world.submit(team, world.wrong_at([3]))
    # A process that still remembers its token is refused under the round's lock.
    stale = Team.objects.get(pk=team.pk)
    stale.is_active = True
    with pytest.raises(NotAdmittedError, match="merged into"):
        world.submit(stale, world.wrong_at([3]))


def test_nobody_brings_it_back(world: World) -> None:
    merge(world)
    for change in (
        lambda: Team.objects.filter(pk=world.teams["b"].pk).update(is_active=True),
        lambda: TeamMerge.objects.update(reason="nothing"),
        lambda: TeamMerge.objects.all().delete(),
        lambda: TeamMerge.rounds.through.objects.all().delete(),
        lambda: budget.admit(
            round=make_world("later").round,
            team=world.teams["b"],
            k=None,
            is_blind=False,
            actor="t",
            now=NOW,
        ),
    ):
        with pytest.raises((DatabaseError, AdmissionError)), transaction.atomic():
            change()


def test_it_is_journaled_for_every_round_that_it_reaches(world: World) -> None:
    merge(world, reason=" two accounts\n of one person ")

    entries = JournalEntry.objects.filter(kind="teams_merged", benchmark=world.benchmark)
    told = [(each.actor, json.loads(each.payload)) for each in entries]
    expected = {"round": 1, "absorbed": "merging-b", "kept": "merging-a"}
    assert told == [("ada", {**expected, "reason": "two accounts of one person"})]
    assert list(TeamMerge.objects.get().rounds.all()) == [world.round]


def test_only_the_kept_teams_later_admission_is_needed(world: World) -> None:
    """Where it had no account, what the absorbed team used counts once it has one."""
    other = make_world("other")
    other.open()
    late = other.team("late")
    other.answered(late, other.wrong_at([1]))
    with acting_as("researcher"):
        merging.merge(absorbed=late, kept=world.teams["a"], reason="x", actor="ada", now=NOW)

    with pytest.raises(AdmissionError, match="is not blind"):
        budget.admit(
            round=other.round, team=world.teams["a"], k=5, is_blind=True, actor="t", now=NOW
        )
    budget.admit(round=other.round, team=world.teams["a"], k=5, is_blind=False, actor="t", now=NOW)

    now_left = budget.remaining(round=other.round, team=world.teams["a"], now=NOW)
    assert (now_left.total_limit, now_left.total_used) == (5, 1)
    assert left(world).total_used == 0


def refusal(world: World, absorbed: str, kept: str) -> str:
    with pytest.raises(MergeError) as refused:
        merge(world, absorbed, kept)
    return refused.value.message


def test_what_cannot_be_merged_is_refused_and_changes_nothing(world: World) -> None:
    assert "into itself" in refusal(world, "a", "a")
    assert "reference team" in refusal(world, "reference", "a")
    assert "reference team" in refusal(world, "a", "reference")
    world.team("blind", is_blind=True)
    assert "is blind" in refusal(world, "blind", "a")
    unranking.unrank(
        round=world.round, team=world.teams["c"], reason="x", actor="ada", now=world.now
    )
    assert "is unranked" in refusal(world, "c", "a")
    Team.objects.filter(pk=world.teams["b"].pk).update(is_active=False)
    assert "not active" in refusal(world, "a", "b")
    with pytest.raises(MergeError, match="give a reason"):
        merge(world, reason=" ")
    assert not TeamMerge.objects.exists()
    assert TeamMerge.rounds.through.objects.count() == 0


def test_there_are_no_chains(world: World) -> None:
    world.team("d")
    merge(world, "b", "a")

    assert "merged into merging-a: name that one" in refusal(world, "b", "c")
    assert "merged into merging-a: name that one" in refusal(world, "c", "b")
    assert "has absorbed another" in refusal(world, "a", "c")
    merge(world, "c", "a")
    for absorbed, kept in (("a", "d"), ("d", "b")):
        with (
            acting_as("researcher"),
            pytest.raises(DatabaseError, match="in one step"),
            transaction.atomic(),
        ):
            TeamMerge.objects.create(
                absorbed=world.teams[absorbed],
                kept=world.teams[kept],
                reason="x",
                actor="x",
                at=NOW,
            )


def test_two_that_would_absorb_each_other_at_once_are_one_merge(world: World) -> None:
    start = threading.Barrier(2)

    def join(names: tuple[str, str]) -> str:
        start.wait(20)
        try:
            absorbed, kept = (Team.objects.get(pk=world.teams[name].pk) for name in names)
            merging.merge(absorbed=absorbed, kept=kept, reason="x", actor="ada", now=world.now)
        except MergeError as error:
            return error.code
        finally:
            connection.close()
        return "merged"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(join, [("a", "b"), ("b", "a")]))

    assert outcomes == ["merge_refused", "merged"]
    assert TeamMerge.objects.count() == 1


def test_not_while_one_of_them_is_judged(world: World) -> None:
    asked(world, "a", 120)
    rounds.request_close(round=world.round, actor="test", now=world.now)
    assert "CLOSING" in refusal(world, "b", "a")
    assert rounds.close(round=world.round, actor="test", now=world.now)
    assert "CLOSED" in refusal(world, "b", "a")
    rounds.mark_audited(round=world.round, actor="test", now=world.now)
    assert "once it is PUBLISHED" in refusal(world, "b", "a")
    rounds.publish(round=world.round, results=[], actor="test", now=world.now)

    merge(world)

    assert not TeamMerge.objects.get().rounds.exists()
    assert left(world).total_used == 1  # a published round stays as it is


def test_a_merged_team_is_not_unranked(world: World) -> None:
    merge(world)
    with pytest.raises(UnrankingError, match="merged into merging-a"):
        unranking.unrank(
            round=world.round, team=world.teams["b"], reason="x", actor="ada", now=world.now
        )


@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
def test_no_other_role_merges(world: World, role: str) -> None:
    with (
        acting_as(role),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        TeamMerge.objects.create(
            absorbed=world.teams["a"], kept=world.teams["b"], reason="x", actor="x", at=NOW
        )
