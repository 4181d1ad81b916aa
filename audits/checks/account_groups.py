"""Groups of accounts: whose finals err alike, and whether their best-scored files together are inflated.

Alike means same model plus edits, not same people: a baseline that many start from makes a group, too. What
is found is a statement about the files of a group, for researchers, and a verdict on no account. It stands
only where a reviewer linked the accounts (`vault.account_links`), and it holds without each of them.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import sentences
from audits.checks import gate
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.models import Finding
from audits.reading import Reading
from stats import ties
from stats.collective import Account, Collective, collective
from stats.draw import Draw
from stats.fingerprints.cadence import cadence
from stats.fingerprints.cross_team import AccountGroups, account_groups
from stats.multiplicity import holm
from stats.trial import table
from stats.verdict import ShiftGate

NAME = "account_groups"
# Of all groups of a round together, by Holm.
LEVEL = 0.01
# Draws that every group gets, and those of one whose first ones reach the level.
N_SCREENING, N_DRAWS = 1_000, 10_000
# So many draws that two may reach what was observed at the first Holm step.
EXCEEDING = 2
MEANING = (
    "Alike means same model plus edits, not same people: teams that started from one published model are "
    "alike, too. This is a statement about files, no verdict on any account, and it changes none."
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was found of one group, as pages read it."""

    teams: tuple[int, ...]
    n_files: int
    difference: float | None
    luck: float | None
    # Adjusted over the groups of the round: of all accounts, and the largest with one left out.
    p_value: float | None
    p_left_out: float | None
    rejects: bool
    rejects_without_each: bool

    def stands(self, *, is_linked: bool) -> bool:
        """Tell whether the statement stands: linked by a reviewer, and carried by no single account."""
        return is_linked and self.rejects and self.rejects_without_each


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board, of all groups; none where files are no classes."""
    teams = [each for each in collected.audited if each.answers is not None]
    finals = _finals(collected, teams)
    if finals is None:
        return []
    labels = np.concatenate([collected.query.labels, collected.fresh.labels]).astype(np.int64)
    n_classes = 1 + int(max(1, labels.max(), finals.max()))
    alike = account_groups(predictions=finals, labels=labels, n_classes=n_classes)
    members = [np.flatnonzero(alike.groups == each) for each in np.unique(alike.groups)]
    groups = [[teams[each] for each in own] for own in members if len(own) > 1]
    found = _tested(groups, collected, context)
    is_read = gate.state_of(context.gate) is not ShiftGate.FIRED
    evidence = {
        "n_accounts": len(teams),
        "similarity": "kappa" if n_classes == 2 else "same_wrong",
        "threshold": alike.threshold,
        "is_read": is_read,
        "groups": [
            {
                "accounts": [_pace(each) for each in group],
                "similarity": _similarity(alike, [teams.index(each) for each in group]),
                "test": tested,
                "rejects": is_read and _reaches(tested, "p_adjusted"),
                "rejects_without_each": is_read and _reaches(tested, "left_out_adjusted"),
            }
            for group, tested in zip(groups, found, strict=True)
        ],
    }
    return [Finding(evidence=evidence)]


def _finals(collected: Collected, teams: Sequence[Entrant]) -> NDArray[Any] | None:
    """Stack finals on query and fresh items alike, so that no group depends on which are which."""
    positions = np.concatenate([collected.query.positions, collected.fresh.positions])
    if len(teams) < 2 or len(positions) < 2:
        return None
    rows = []
    for each in teams:
        answers = each.final_file()
        if answers is None or answers.dtype.kind not in "biu":
            return None
        rows.append(answers[positions])
    return np.stack(rows)


def _similarity(alike: AccountGroups, places: list[int]) -> list[float]:
    """Give the least and the largest of the pairs that are linked."""
    within = np.ix_(places, places)
    pairs = alike.similarity[within][alike.linked[within]]
    return [float(pairs.min()), float(pairs.max())]


def _pace(entrant: Entrant) -> dict[str, Any]:
    """Say of one account how many files it handed in, and how; a regular pace is no sign of anything."""
    times = _times(entrant)
    found = cadence(times=times)
    first = entrant.history.submissions[0].submitted_at.astimezone(dt.UTC)
    return {
        "team_id": entrant.history.team_id,
        "k": entrant.k,
        "first_at": first.isoformat(timespec="minutes"),
        # JSON has no infinity, and no number that is none.
        "per_hour": found.per_hour if isfinite(found.per_hour) else None,
        "variation": found.variation if isfinite(found.variation) else None,
        "night_share": found.night_share,
    }


def _times(entrant: Entrant) -> NDArray[np.float64]:
    """Give seconds since a midnight in UTC; clocks of two machines may not agree, the order stays."""
    seconds = [each.submitted_at.timestamp() for each in entrant.history.submissions]
    return np.maximum.accumulate(np.array(seconds, dtype=np.float64))


def _tested(
    groups: list[list[Entrant]], collected: Collected, context: Context
) -> list[dict[str, Any] | None]:
    """Test each group, and adjust over all: with every account, and with the one left out that helps most."""
    draw = collected.draw
    if draw is None or not groups:
        return [None] * len(groups)
    tests = [_test(each, draw, collected, context, n_groups=len(groups)) for each in groups]
    adjusted = holm(p_values=[each.p_value for each in tests])
    left_out = holm(p_values=[max(each.p_value, *each.left_out) for each in tests])
    return [
        {
            "difference": test.statistic,
            "luck": test.luck,
            "p_value": test.p_value,
            "p_adjusted": float(p_adjusted),
            "left_out": [
                [each.history.team_id, float(p_value)]
                for each, p_value in zip(group, test.left_out, strict=True)
            ],
            "left_out_adjusted": float(p_left_out),
            "n_draws": test.n_draws,
        }
        for group, test, p_adjusted, p_left_out in zip(
            groups, tests, adjusted, left_out, strict=True
        )
    ]


def _test(
    group: list[Entrant], draw: Draw, collected: Collected, context: Context, *, n_groups: int
) -> Collective:
    # On these files alone: the fewer items they differ on, the fewer have to be drawn.
    shared = table(
        draw=draw,
        score=collected.score,
        everything=[each.columns for each in group],
        tie=ties.RELATIVE_TOLERANCE * collected.unit,
    )
    accounts = [Account(files=each.columns, times=_times(each)) for each in group]
    team = group[0].history.team_id
    rng = context.generator(NAME, team)
    found = collective(table=shared, accounts=accounts, rng=rng, n_draws=N_SCREENING)
    if found.p_value > LEVEL:
        return found
    # At most a p-value of the level itself is ever rejected.
    rng = context.generator(NAME, team, "again")
    n_draws = max(N_DRAWS, ceil(EXCEEDING * n_groups / LEVEL))
    return collective(table=shared, accounts=accounts, rng=rng, n_draws=n_draws)


def _reaches(tested: dict[str, Any] | None, name: str) -> bool:
    return tested is not None and bool(tested[name] <= LEVEL)


def groups_of(*, finding: Finding | None) -> list[Group]:
    """Read the groups of a run's finding; none of a run from before they were looked for."""
    return [_group(each) for each in (finding.evidence["groups"] if finding else [])]


def _group(found: dict[str, Any]) -> Group:
    tested = found["test"] or {}
    return Group(
        teams=tuple(each["team_id"] for each in found["accounts"]),
        n_files=sum(each["k"] for each in found["accounts"]),
        difference=tested.get("difference"),
        luck=tested.get("luck"),
        p_value=tested.get("p_adjusted"),
        p_left_out=tested.get("left_out_adjusted"),
        rejects=found["rejects"],
        rejects_without_each=found["rejects_without_each"],
    )


def named(*, group: Group, names: Mapping[int, str]) -> str:
    """Name the accounts in the order of the teams."""
    *others, last = (names[each] for each in group.teams)
    return f"{', '.join(others)} and {last}"


def statement(*, group: Group, number: Callable[[float | None], str], is_read: bool = True) -> str:
    """Say what the test found of a group's files, with the level and what would break it."""
    if group.p_value is None or not is_read:
        return "Their files were not tested together: " + (
            "no new labels of the same draw are there."
            if group.p_value is None
            else "untuned models score differently on the two sets."
        )
    found = (
        f"Their best-scored files, one of each account, score on average {number(group.difference)} better "
        "on query labels than the group's earlier files do, and not so on new ones (files that used no "
        f"answer reach up to {number(group.luck)} in 19 of 20 draws); "
        f"{sentences.p_said(group.p_value)}, level {_level()} for all groups of the round."
    )
    if not group.rejects:
        return f"{found} That is within chance."
    without = sentences.p_said(group.p_left_out)
    if group.rejects_without_each:
        return f"{found} That is more than chance, also with any one account left out (at most {without})."
    return (
        f"{found} That is more than chance, but not with each account left out (up to {without})."
    )


def _level() -> str:
    return sentences.number(LEVEL, decimals=2)


def sections(reading: Reading) -> list[Section]:
    """List the groups with what was tested of each, and at what pace their accounts handed in."""
    finding = reading.first(NAME)
    if finding is None:
        return []
    evidence, groups = finding.evidence, groups_of(finding=finding)
    if not groups:
        n = f"{evidence['n_accounts']:,}"
        text = f"Groups of accounts: no two of {n} finals err alike beyond what is usual."
        return [Section(place=Place.EXPLANATIONS, text=text)]
    by_kappa = evidence["similarity"] == "kappa"
    measure = (
        "kappa of being right" if by_kappa else "share of common errors that are the same answer"
    )
    rows: list[list[Cell]] = [
        [
            named(group=group, names=reading.names),
            "–".join(
                sentences.number(each, decimals=2) for each in sorted(set(found["similarity"]))
            ),
            f"{group.n_files:,}",
            statement(group=group, number=reading.number, is_read=evidence["is_read"]),
        ]
        for group, found in zip(groups, evidence["groups"], strict=True)
    ]
    columns = [
        Column("Accounts"),
        Column("Alike", note=f"above {sentences.number(evidence['threshold'], decimals=2)}"),
        *number_columns("Files"),
        Column("Their files together"),
    ]
    caption = (
        f"Alike: {measure} of two finals on all items, query and new (linked pairs, least to largest). "
        f"{MEANING} Of rounds in which no group uses an answer at most 1 % have one that is more than "
        "chance. "
        "No statement stands unless reviewers linked the accounts: the round's page in the admin says so."
    )
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Groups of accounts whose finals err alike",
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption=caption,
        ),
        _paces(reading, evidence),
    ]


def _paces(reading: Reading, evidence: dict[str, Any]) -> Section:
    rows: list[list[Cell]] = [
        [
            reading.names[each["team_id"]],
            f"{each['k']:,}",
            each["first_at"].replace("T", " ").removesuffix("+00:00"),
            sentences.number(each["per_hour"], decimals=1),
            sentences.number(each["variation"], decimals=2),
            f"{each['night_share']:.0%}",
        ]
        for group in evidence["groups"]
        for each in group["accounts"]
    ]
    columns = [
        Column("Account"),
        *number_columns("Files", "First (UTC)", "An hour", "Variation", "From 0 to 6 (UTC)"),
    ]
    return Section(
        place=Place.EXPLANATIONS,
        title="When the accounts of groups handed in",
        table=Table(columns=columns, rows=rows, is_wide=True),
        caption="Variation is that of the times between files: 0 for a clockwork, about 1 for independent "
        "moments. A pipeline that reports each commit is as regular as a program that asks: no pace is a "
        "sign of anything.",
    )


CHECK = Check(
    name=NAME,
    meaning="Which accounts' finals err alike, and whether their files together look inflated; a statement "
    "about files, and a verdict on no account.",
    check=check,
    sections=sections,
)
