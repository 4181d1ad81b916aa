"""Groups of accounts: who is grouped, what is tested of them, and when nothing is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from audits.checks import account_groups
from audits.checks.account_groups import Group
from audits.checks.check import Context
from audits.collected import Answers, Collected, Entrant
from audits.models import Finding
from config.settings import BASE_DIR
from stats.collective import Account, collective
from stats.draw import draw
from stats.gate import Gate
from stats.trial import table
from tests.audits.histories import collected, context, entrant, opened
from vault.history import TeamHistory

N, M = 300, 600
Right = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Held:
    """Files that are held in memory instead of the vault."""

    rows: NDArray[Any]

    def of(self, number: int) -> NDArray[Any]:
        return cast("NDArray[Any]", self.rows[number])


def team(team_id: int, right: Right, labels: NDArray[Any], *, n: int = N) -> Entrant:
    """Binary answers that are right where `right` says, items x files."""
    made = entrant(team_id, right[:n], right[n:])
    rows = np.where(right, labels[:, None], 1 - labels[:, None]).T.astype(np.uint8)
    return replace(made, answers=cast("Answers", Held(rows=rows)))


def round_of(teams: Sequence[Entrant], labels: NDArray[Any], **given: Any) -> Collected:
    query, fresh = opened(N), opened(len(labels) - N, first=N)
    return collected(
        *teams,
        **{
            "query": replace(query, labels=labels[:N]),
            "fresh": replace(fresh, labels=labels[N:]),
            **given,
        },
    )


def alike(rng: np.random.Generator, *, accounts: int, gained: int, k: int = 6) -> list[Right]:
    """Versions of one model, whose last file has `gained` more query items right, the same for all."""
    base = rng.random((N + M, 1)) < 0.75
    wrong = np.flatnonzero(~base[:N, 0])[:gained]
    made = []
    for _ in range(accounts):
        right: Right = base ^ (rng.random((N + M, k)) < 0.01)
        right[wrong, -1] = True
        made.append(right)
    return made


def honest(rng: np.random.Generator, number: int, labels: NDArray[Any]) -> Entrant:
    return team(number, rng.random((N + M, 5)) < 0.75, labels)


def league(
    rng: np.random.Generator, *, gained: int, others: int = 8
) -> tuple[list[Entrant], NDArray[Any]]:
    labels = rng.integers(2, size=N + M)
    accounts = [
        team(number, each, labels)
        for number, each in enumerate(alike(rng, accounts=4, gained=gained), 1)
    ]
    return [*accounts, *(honest(rng, 10 + number, labels) for number in range(others))], labels


def evidence_of(given: Collected, shared: Context | None = None) -> dict[str, Any]:
    (found,) = account_groups.check(given, shared or context())
    assert found.team_id is None
    assert found.verdict == ""
    evidence: dict[str, Any] = found.evidence
    return evidence


def test_accounts_that_err_alike_are_one_group_and_their_gain_is_found(
    rng: np.random.Generator,
) -> None:
    found = evidence_of(round_of(*league(rng, gained=30)))

    assert found["n_accounts"] == 12
    assert found["similarity"] == "kappa"
    (group,) = found["groups"]
    assert [each["team_id"] for each in group["accounts"]] == [1, 2, 3, 4]
    assert group["rejects"] is True
    assert group["rejects_without_each"] is True
    assert group["test"]["n_draws"] == account_groups.N_DRAWS
    assert group["test"]["difference"] > group["test"]["luck"] > 0
    assert [team_id for team_id, _ in group["test"]["left_out"]] == [1, 2, 3, 4]
    assert 0.9 < group["similarity"][0] <= group["similarity"][1] <= 1.0


def test_the_figures_are_those_of_the_test_alone(rng: np.random.Generator) -> None:
    """By the group's own files, their times and the seed that is named."""
    teams, labels = league(rng, gained=0)
    given = round_of(teams, labels)
    (group,) = evidence_of(given)["groups"]
    own = [each.columns for each in teams[:4]]
    alone = collective(
        table=table(draw=draw(n=N, m=M), score=given.score, everything=own, tie=1e-9),
        accounts=[Account(files=each, times=np.arange(each.k, dtype=np.float64)) for each in own],
        rng=context().generator(account_groups.NAME, 1),
        n_draws=account_groups.N_SCREENING,
    )

    assert group["test"]["p_value"] == pytest.approx(alone.p_value)
    assert group["test"]["difference"] == pytest.approx(alone.statistic)


def test_a_group_without_a_gain_is_shown_and_rejects_nothing(rng: np.random.Generator) -> None:
    """Seed of the fixture: at level .01 a false alarm has probability .01."""
    (group,) = evidence_of(round_of(*league(rng, gained=0)))["groups"]

    assert group["rejects"] is False
    assert group["rejects_without_each"] is False


def test_what_one_account_alone_carries_does_not_hold_without_it(rng: np.random.Generator) -> None:
    labels = rng.integers(2, size=N + M)
    first, *rest = alike(rng, accounts=3, gained=0)
    wrong = np.flatnonzero(~first[:N, -1])
    # Files before the last one, so that the final stays like those of the others.
    first[wrong[:70], 3] = True
    teams = [team(number, each, labels) for number, each in enumerate([first, *rest], 1)]
    (group,) = evidence_of(round_of(teams, labels))["groups"]

    assert group["rejects"] is True
    assert group["rejects_without_each"] is False


def test_groups_share_the_level(rng: np.random.Generator) -> None:
    """Holm over two groups: the smaller p-value is doubled."""
    labels = rng.integers(2, size=N + M)
    rights = [*alike(rng, accounts=2, gained=30), *alike(rng, accounts=2, gained=0)]
    teams = [team(number, each, labels) for number, each in enumerate(rights, 1)]
    groups = evidence_of(round_of(teams, labels))["groups"]

    assert [[each["team_id"] for each in group["accounts"]] for group in groups] == [[1, 2], [3, 4]]
    first, second = (group["test"] for group in groups)
    assert first["p_adjusted"] == pytest.approx(2 * first["p_value"])
    assert second["p_adjusted"] == pytest.approx(second["p_value"])


def test_groups_do_not_depend_on_which_items_are_query(rng: np.random.Generator) -> None:
    """Nor does the list of all their figures but those of the test."""
    labels = rng.integers(2, size=N + M)
    rights = [each[:, -1:] for each in alike(rng, accounts=4, gained=30)]
    rights += [rng.random((N + M, 1)) < 0.75 for _ in range(6)]
    found = []
    for _ in range(3):
        order = rng.permutation(N + M)
        teams = [team(i, each[order], labels[order]) for i, each in enumerate(rights)]
        (group,) = evidence_of(round_of(teams, labels[order]))["groups"]
        found.append(([each["team_id"] for each in group["accounts"]], group["similarity"]))

    assert found[0] == found[1] == found[2]


def test_more_classes_are_compared_by_the_same_wrong_answers(rng: np.random.Generator) -> None:
    labels = rng.integers(4, size=N + M)
    answers = np.where(rng.random(N + M) < 0.7, labels, rng.integers(4, size=N + M))
    rows = [answers, answers.copy(), rng.integers(4, size=N + M)]
    rows[1][rng.choice(N + M, 3, replace=False)] = 0
    teams = []
    for number, row in enumerate(rows, 1):
        made = team(number, (row == labels)[:, None], labels)
        held = cast("Answers", Held(rows=row[None].astype(np.uint8)))
        teams.append(replace(made, answers=held))
    found = evidence_of(round_of(teams, labels))

    assert found["similarity"] == "same_wrong"
    (group,) = found["groups"]
    assert [each["team_id"] for each in group["accounts"]] == [1, 2]


def test_nothing_is_read_where_the_gate_fired(rng: np.random.Generator) -> None:
    gate = Gate(difference=0.1, z=9.0, p_value=0.0, fired=True)
    found = evidence_of(round_of(*league(rng, gained=30)), context(gate=gate))

    assert found["is_read"] is False
    assert [group["rejects"] for group in found["groups"]] == [False]


def test_without_a_draw_groups_are_shown_untested(rng: np.random.Generator) -> None:
    (group,) = evidence_of(round_of(*league(rng, gained=30), draw=None))["groups"]

    assert group["test"] is None
    assert group["rejects"] is False


def test_nobody_alike_is_no_group(rng: np.random.Generator) -> None:
    labels = rng.integers(2, size=N + M)
    teams = [honest(rng, number, labels) for number in range(6)]

    assert evidence_of(round_of(teams, labels))["groups"] == []


def test_what_cannot_be_compared_is_left_out(rng: np.random.Generator) -> None:
    """One team, files that are not there, probabilities, no items."""
    labels = rng.integers(2, size=N + M)
    one, other = (honest(rng, number, labels) for number in (1, 2))
    soft = replace(other, answers=cast("Answers", Held(rows=rng.random((5, N + M)))))
    bare = replace(other, answers=None)
    nothing = replace(opened(0), labels=labels[:0])
    for teams, given in (
        ([one], {}),
        ([one, bare], {}),
        ([one, soft], {}),
        ([one, other], {"query": nothing, "fresh": nothing}),
    ):
        assert account_groups.check(round_of(teams, labels, **given), context()) == []


def test_a_teams_without_final_is_in_no_group(rng: np.random.Generator) -> None:
    teams, labels = league(rng, gained=0)
    teams[0] = replace(teams[0], final=None)
    (group,) = evidence_of(round_of(teams, labels))["groups"]

    assert [each["team_id"] for each in group["accounts"]] == [2, 3, 4]


def test_the_pace_of_each_account(rng: np.random.Generator) -> None:
    """A file a minute is sixty an hour, as regular as a clock; what JSON cannot hold is left empty."""
    teams, labels = league(rng, gained=0)
    at = teams[0].history.submissions[0].submitted_at
    same = [replace(each, submitted_at=at) for each in teams[1].history.submissions]
    history: TeamHistory = replace(teams[1].history, submissions=same)
    teams[1] = replace(teams[1], history=history)
    (group,) = evidence_of(round_of(teams, labels))["groups"]
    paced, at_once, *_ = group["accounts"]

    assert (paced["k"], paced["first_at"], paced["night_share"]) == (6, "2026-03-01T12:00+00:00", 0)
    assert paced["per_hour"] == pytest.approx(60)
    assert paced["variation"] == pytest.approx(0)
    assert (at_once["per_hour"], at_once["variation"]) == (None, None)


@pytest.mark.parametrize(
    ("linked", "rejects", "without", "stands"),
    [
        (True, True, True, True),
        (False, True, True, False),
        (True, False, True, False),
        (True, True, False, False),
    ],
)
def test_a_statement_stands_only_if_all_holds(
    linked: bool, rejects: bool, without: bool, stands: bool
) -> None:
    assert made(rejects=rejects, without=without).stands(is_linked=linked) is stands


def made(*, rejects: bool = True, without: bool = True, p_value: float | None = 0.002) -> Group:
    return Group(
        teams=(1, 2),
        n_files=10,
        difference=0.03,
        luck=0.01,
        p_value=p_value,
        p_left_out=0.004,
        rejects=rejects,
        rejects_without_each=without,
    )


def said(group: Group, *, is_read: bool = True) -> str:
    return account_groups.statement(group=group, number=str, is_read=is_read)


def test_a_statement_names_its_level_and_accuses_nobody() -> None:
    full = said(made())

    assert "0.03 better on query labels" in full
    assert "p = .0020, level .01 for all groups of the round" in full
    assert "also with any one account left out (at most p = .0040)" in full
    assert "not with each account left out" in said(made(without=False))
    assert said(made(rejects=False)).endswith("That is within chance.")
    assert "no new labels of the same draw" in said(made(p_value=None))
    assert "score differently on the two sets" in said(made(), is_read=False)
    for text in (full, account_groups.MEANING, account_groups.CHECK.meaning):
        assert not {"cheat", "fraud", "proof", "collu"} & set(text.lower().split())


def test_a_run_from_before_has_no_groups() -> None:
    assert account_groups.groups_of(finding=None) == []
    assert account_groups.groups_of(finding=Finding(evidence={"groups": []})) == []


def test_no_publication_and_no_endpoint_knows_of_groups() -> None:
    """What researchers read of groups is in the report and on the round's page, and nowhere else."""
    named = re.compile(r"account_groups|account_links|AccountLink|AccountAppeal")
    knowing = {
        str(path.relative_to(BASE_DIR))
        for room in ("audits", "vault/api", "webhooks", "client")
        for path in (BASE_DIR / room).rglob("*.py")
        if named.search(path.read_text())
    }

    assert knowing == {
        "audits/admin/__init__.py",
        "audits/admin/account_links.py",
        "audits/admin/rounds.py",
        "audits/checks/account_groups.py",
        "audits/checks/registry.py",
    }


@pytest.mark.calibration
def test_rounds_of_honest_groups_reject_at_the_level() -> None:
    """Seed 26: 300 rounds of two groups in good faith, adjusted over both, at .05 by the adjusted p.

    More rejecting rounds than Binomial(300, .05) allows with probability 1e-4.
    """
    rng, rejecting = np.random.default_rng(26), 0
    for _ in range(300):
        labels = rng.integers(2, size=N + M)
        rights = [right for _ in range(2) for right in alike(rng, accounts=3, gained=0)]
        teams = [team(number, each, labels) for number, each in enumerate(rights, 1)]
        groups = evidence_of(round_of(teams, labels))["groups"]
        rejecting += any(group["test"]["p_adjusted"] <= 0.05 for group in groups)

    assert rejecting <= sps.binom.isf(1e-4, 300, 0.05)
