"""Accepting late: one team, some files, until a time; the round waits, and everybody sees it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from audits import rounds as audit_rounds
from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.teams import test_merging as merging
from vault import (
    accepting_late,
    budget,
    budget_left,
    holdout_ledger,
    late_allowances,
    leaderboard,
    notices,
    rounds,
    submissions,
)
from vault.admin.rounds import proven_error
from vault.errors import (
    ActError,
    BudgetError,
    NotAdmittedError,
    RoundClosedError,
    TotalExhaustedError,
    TransitionError,
)
from vault.models import Admission, BudgetEntry, Final, LateAllowance, Round, Submission, Team
from vault.sealing import holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]

REASON = "its cluster was down"
END = NOW + dt.timedelta(days=1)
AFTER = END + dt.timedelta(hours=1)
UNTIL = END + dt.timedelta(days=1)


@pytest.fixture
def world() -> World:
    world = make_world("late", closes_at=END, total_limit=2)
    world.open()
    return world


def allow(world: World, team: Team, n_queries: int = 1, **given: Any) -> LateAllowance:
    named = {"until": UNTIL, "reason": REASON, "actor": "ada", "now": NOW, **given}
    with acting_as("researcher"):
        return accepting_late.allow(round=world.round, team=team, n_queries=n_queries, **named)


def withdraw(world: World, team: Team, *, now: dt.datetime = AFTER) -> LateAllowance:
    with acting_as("researcher"):
        return accepting_late.withdraw(
            round=world.round, team=team, reason="not needed", actor="ada", now=now
        )


def sweep(now: dt.datetime) -> str:
    with acting_as("scoring"):
        rounds.close_what_is_due(now=now)
    return Round.objects.get().status


def hand_in(world: World, team: Team, position: int, *, now: dt.datetime = AFTER) -> Submission:
    with acting_as("web"):
        return world.submit(team, world.wrong_at([position]), now=now).submission


def test_one_team_hands_in_late_and_the_others_do_not(world: World) -> None:
    ours, other = world.team("ours"), world.team("other")
    world.answered(ours, world.wrong_at(range(9)))
    allow(world, ours)
    assert sweep(END) == "CLOSING"

    late = hand_in(world, ours, 1)
    with pytest.raises(RoundClosedError):
        hand_in(world, other, 1)
    with pytest.raises(
        TotalExhaustedError, match="all queries that the team may use late are used"
    ):
        hand_in(world, ours, 2)
    world.score(late)

    assert late.is_late
    assert late.status == "SCORED"
    rows = {row.team: row for row in leaderboard.board(round=Round.objects.get())}
    assert rows[ours.name].is_late
    assert rows[ours.name].attempts == 2
    # The same predictions again are the same submission, and free.
    assert hand_in(world, ours, 1) == late
    # Without a final of its own, the allowance is over with its last answer.
    assert sweep(AFTER) == "CLOSED"
    assert Final.objects.get(team=ours).submission == late


def test_an_exhausted_account_has_its_late_queries_and_no_other(world: World) -> None:
    """A late query is one more than k, in a budget of its own, and all of them are reserved for."""
    team = world.team("a")
    for position in (1, 2):
        world.answered(team, world.wrong_at([position]))
    k_nats = Admission.objects.get().reserved_nats
    allow(world, team, 2)

    with pytest.raises(TotalExhaustedError, match="of this round are used"):
        hand_in(world, team, 3, now=NOW)
    hand_in(world, team, 3)

    account = Admission.objects.get()
    assert (account.k, account.reserved_nats) == (
        2,
        holdout_ledger.account_of(round=world.round).nats(k=4),
    )
    assert account.reserved_nats > k_nats
    assert "all 4 admitted queries" in proven_error(world.round)
    round = Round.objects.get()
    left = budget.remaining(round=round, team=team, now=AFTER)
    assert (left.total_limit, left.total_used, left.concurrent_used) == (2, 2, 1)
    assert left.late is not None
    assert (left.late.limit, left.late.used, left.late.until) == (2, 1, UNTIL)
    said = budget_left.summary(
        left=left, status=round.status, opens_at=round.opens_at, closes_at=END, now=AFTER
    )
    assert said == (
        "The round takes no more queries: 2 of 2 queries are used. The team may still hand in late, until "
        "2026-03-03 12:00 UTC: 1 of 2 queries is left for that."
    )


def test_parallel_late_files_are_exactly_as_many_as_were_allowed(world: World) -> None:
    """Invariant 1."""
    team = world.team("a")
    Round.objects.update(total_limit=9, concurrent_limit=9)
    world.round.refresh_from_db()
    allow(world, team, 3)
    sweep(END)
    refused: list[BudgetError] = []

    def act(number: int) -> None:
        try:
            world.submit(team, world.wrong_at([number]), now=AFTER)
        except BudgetError as error:
            refused.append(error)

    all_at_once(8, act)

    assert (BudgetEntry.objects.filter(reason="late").count(), len(refused)) == (3, 5)


def test_the_round_is_not_closed_or_audited_while_somebody_may_be_late(world: World) -> None:
    allow(world, world.team("a"))
    assert sweep(END) == "CLOSING"

    before_it = UNTIL - dt.timedelta(seconds=1)
    with acting_as("audit"):
        assert not audit_rounds.advance(round_id=world.round.pk, clock=lambda: before_it)
    assert sweep(before_it) == "CLOSING"
    assert sweep(UNTIL) == "CLOSED"


def test_a_withdrawn_allowance_ends_at_once_and_its_file_counts(world: World) -> None:
    team = world.team("a")
    allow(world, team, 2)
    sweep(END)
    world.score(hand_in(world, team, 1))
    assert sweep(AFTER) == "CLOSING"

    withdraw(world, team)

    with pytest.raises(RoundClosedError):
        hand_in(world, team, 2)
    with pytest.raises(ActError, match="may not hand in late"):
        withdraw(world, team)
    assert [each.kind for each in notices.changes(round=world.round)] == [
        "late_allowed",
        "late_withdrawn",
    ]
    # Another one counts from there.
    allow(world, team, 1, now=AFTER)
    hand_in(world, team, 3)
    with pytest.raises(TotalExhaustedError):
        hand_in(world, team, 4)
    assert Admission.objects.get().reserved_nats == holdout_ledger.account_of(
        round=world.round
    ).nats(k=4)


def test_a_declared_final_stays_until_the_team_declares_its_late_file(world: World) -> None:
    team = world.team("a")
    first = world.answered(team, world.wrong_at([1]))
    submissions.declare_final(submission=first, now=NOW)
    allow(world, team)
    sweep(END)
    late = world.score(hand_in(world, team, 2))

    # It has time for that, though its queries are used.
    assert sweep(AFTER) == "CLOSING"
    with acting_as("web"):
        submissions.declare_final(submission=late, now=AFTER)
    assert sweep(AFTER) == "CLOSED"
    assert Final.objects.get().submission == late
    with pytest.raises(RoundClosedError):
        submissions.declare_final(submission=first, now=AFTER)


def test_a_late_file_that_is_cancelled_is_no_query(world: World) -> None:
    team = world.team("a")
    allow(world, team)
    sweep(END)
    late = hand_in(world, team, 1)
    with acting_as("web"):
        submissions.cancel(submission=late, now=AFTER)

    assert hand_in(world, team, 2).is_late


def test_before_the_end_nothing_is_late(world: World) -> None:
    team = world.team("a")
    allow(world, team)

    assert not hand_in(world, team, 1, now=NOW).is_late
    other = make_world("early", opens_at=NOW + dt.timedelta(hours=1), closes_at=END, seed=2)
    other.open()
    team = other.team("a")
    allow(other, team)
    # Opened before its announced time, it takes nothing yet: a late query is none for then.
    with pytest.raises(Exception, match="opens at"):
        other.submit(team, other.labels, now=NOW)


def test_a_blind_team_may_be_late_as_well(world: World) -> None:
    team = world.team("a", is_blind=True)
    allow(world, team)
    sweep(END)

    assert world.score(hand_in(world, team, 1)).release.outcome == "blind"
    assert Admission.objects.get().reserved_nats == 0


@pytest.mark.parametrize("status", ["PLANNED", "CLOSED", "AUDITED", "PUBLISHED"])
def test_nobody_is_let_in_before_the_opening_or_after_finals_locked(
    world: World, status: str
) -> None:
    team = world.team("a")
    Round.objects.update(status=status)

    with pytest.raises(ActError, match=r"nobody is late yet|before finals lock"):
        allow(world, team)


def test_what_cannot_be_allowed_is_refused_and_leaves_nothing(world: World) -> None:
    team = world.team("a")
    for n_queries in (-1, 0, 3):
        with pytest.raises(ActError, match="1 to 2 late queries"):
            allow(world, team, n_queries)
    for until in (NOW, END):
        with pytest.raises(ActError, match="must lie ahead, and after the round's end"):
            allow(world, team, until=until)
    with pytest.raises(ActError, match=r"366 days after .* a time until 2027-03-03 12:00 UTC"):
        allow(world, team, until=END + dt.timedelta(days=366, seconds=1))
    with pytest.raises(ActError, match="give a reason"):
        allow(world, team, reason="\n")
    with pytest.raises(NotAdmittedError):
        allow(world, Team.objects.create(name="stranger"))
    Team.objects.filter(pk=team.pk).update(is_active=False)
    team.refresh_from_db()
    with pytest.raises(NotAdmittedError, match="is not active"):
        allow(world, team)
    assert not LateAllowance.objects.exists()
    assert not notices.changes(round=world.round)


def test_the_longest_time_is_allowed(world: World) -> None:
    until = END + dt.timedelta(days=366)

    assert allow(world, world.team("a"), until=until).until == until


def shut(world: World) -> None:
    Team.objects.filter(pk=world.teams["a"].pk).update(is_active=False)


@pytest.mark.parametrize("end", [shut, lambda world: merging.merge(world, "a", "b")])
def test_a_team_that_can_hand_in_no_more_holds_nothing_and_is_withdrawn(
    world: World, end: Callable[[World], None]
) -> None:
    """With a declared final, too, which else would give it time to declare another."""
    team, _ = world.team("a"), world.team("b")
    submissions.declare_final(submission=world.answered(team, world.wrong_at([1])), now=NOW)
    allow(world, team)
    end(world)
    world.round.refresh_from_db()

    assert not late_allowances.holding(round=world.round, now=AFTER)
    assert withdraw(world, team).n_queries == 0
    with pytest.raises(ActError, match="may not hand in late"):
        withdraw(world, team)
    assert sweep(AFTER) == "CLOSED"


def test_the_round_closes_though_a_merged_team_was_let_in_late(world: World) -> None:
    team, _ = world.team("a"), world.team("b")
    allow(world, team)
    merging.merge(world, "a", "b")

    assert sweep(END) == "CLOSED"


def test_a_second_allowance_waits_for_the_first(world: World) -> None:
    team = world.team("a")
    allow(world, team)
    with pytest.raises(ActError, match="may hand in late already: withdraw that first"):
        allow(world, team)


def test_once_a_fresh_label_was_opened_nobody_is_let_in(world: World) -> None:
    team = world.team("a")
    holdouts.open_labels(
        holdout=world.fresh, purpose="audit", reason={"interim": True}, actor="x", now=NOW
    )
    with pytest.raises(
        ActError, match="A team is let in late only while no fresh label was opened"
    ):
        allow(world, team)


def test_of_a_closing_and_an_act_at_once_one_wins() -> None:
    world = make_world("race", closes_at=END)
    world.open()
    team = world.team("a")
    rounds.request_close(round=world.round, actor="test", now=END)
    refused: list[ActError] = []

    def act(number: int) -> None:
        if number:
            rounds.close_what_is_due(now=END)
            return
        try:
            accepting_late.allow(
                round=Round.objects.get(),
                team=team,
                n_queries=1,
                until=UNTIL,
                reason=REASON,
                actor="ada",
                now=END,
            )
        except ActError as error:
            refused.append(error)

    all_at_once(3, act)

    assert (Round.objects.get().status == "CLOSED") == bool(refused)
    assert LateAllowance.objects.count() == (not refused)


def test_no_other_round_opens_beside_one_that_takes_late_files(world: World) -> None:
    """A file could be meant for either."""
    team = world.team("a")
    allow(world, team)
    sweep(END)
    other = Round.objects.get()
    other.pk, other.number, other.status = None, 2, "PLANNED"
    other.closes_at, other.opened_at, other.stopped_at = UNTIL + dt.timedelta(days=9), None, None
    other.unaudited = True
    other.save(force_insert=True)

    with pytest.raises(TransitionError, match="round 1 still takes late files, until 2026-03-03"):
        rounds.open_round(round=other, references=None, actor="ada", now=AFTER)
    withdraw(world, team)
    rounds.open_round(round=other, references=None, actor="ada", now=AFTER)
    with pytest.raises(ActError, match="round 2 is open, and a file of the team"):
        allow(world, team, now=AFTER)


def test_an_allowance_is_never_edited(world: World) -> None:
    allow(world, world.team("a"))
    for role in ("web", "researcher", "scoring", "audit"):
        with (
            acting_as(role),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
        ):
            LateAllowance.objects.update(n_queries=100)
