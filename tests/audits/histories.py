"""Small made-up histories, as the collector would hand them to the checks."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.check import Context
from audits.collected import Answers, Collected, Entrant, Opened
from audits.runs import generator_of
from stats.draw import draw
from stats.ledger import Account
from stats.mechanisms import MECHANISMS
from stats.metrics import Rules, Scorer
from stats.scored_files import Files
from stats.split_scores import Mean
from vault.history import PastSubmission, TeamHistory

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
DELTA0 = 0.005

Matrix = NDArray[Any]

generator = generator_of("made-up histories")


def columns(query: Matrix, fresh: Matrix) -> Files:
    """Per-item scores (items x submissions); the exact scores are their means."""
    items = np.vstack([query, fresh])
    is_outcome = bool(((items == 0) | (items == 1)).all())
    items = items.astype(np.bool_ if is_outcome else np.float32)
    return Files(
        data=items,
        items=items,
        query_exact=query.mean(axis=0, dtype=np.float64),
        fresh_exact=fresh.mean(axis=0, dtype=np.float64)
        if len(fresh)
        else np.zeros(query.shape[1]),
        n=len(query),
    )


def history(
    *,
    team_id: int,
    k: int,
    final: int | None,
    files: Sequence[str] = (),
    is_reference: bool = False,
) -> TeamHistory:
    """A submission a minute, answered after half a minute; `files` name equal predictions."""
    submissions = [
        PastSubmission(
            id=uuid.uuid5(uuid.NAMESPACE_URL, f"{team_id}/{position}"),
            sequence=position + 1,
            submitted_at=NOW + position * MINUTE,
            released_at=NOW + (position + 0.5) * MINUTE,
            status="SCORED",
            sha256=hashlib.sha256(
                (files[position] if files else f"{team_id}/{position}").encode()
            ).hexdigest(),
            file_key="",
            panel_id=1,
            outcome="scored",
            released=0.5,
            raw=0.5,
        )
        for position in range(k)
    ]
    return TeamHistory(
        team_id=team_id,
        name=f"team-{team_id}",
        is_reference=is_reference,
        attempts=k,
        released=0.5,
        submissions=submissions,
        final_id=None if final is None else submissions[final].id,
        final_is_declared=True,
    )


def entrant(
    team_id: int,
    query: Matrix,
    fresh: Matrix,
    *,
    final: int | None = -1,
    files: Sequence[str] = (),
    elsewhere: dict[str, float] | None = None,
) -> Entrant:
    """A final of -1 is the last submission."""
    k = query.shape[1]
    chosen = k - 1 if final == -1 else final
    return Entrant(
        history=history(team_id=team_id, k=k, final=chosen, files=files),
        columns=columns(query, fresh),
        final=chosen,
        elsewhere=elsewhere or {},
    )


def saw_answers_first(given: Entrant) -> Entrant:
    """The same team, with an answer released to it before its first file came in."""
    first, second, *rest = given.history.submissions
    early = replace(second, released_at=first.submitted_at - MINUTE)
    return replace(given, history=replace(given.history, submissions=[first, early, *rest]))


def came_late(given: Entrant) -> Entrant:
    """The same team, an hour after the others had their first answers."""
    hour = 60 * MINUTE
    later = [
        replace(each, submitted_at=each.submitted_at + hour, released_at=each.released_at + hour)
        for each in given.history.submissions
    ]
    return replace(given, history=replace(given.history, submissions=later))


def collected(
    *entrants: Entrant,
    references: Files | None = None,
    damaged: Sequence[TeamHistory] = (),
    n: int = 0,
    m: int = 0,
    **given: Any,
) -> Collected:
    """Sizes come from the first team or the references unless given."""
    known = [each.columns for each in entrants] + ([references] if references else [])
    n_query, n_fresh = (len(known[0].query), len(known[0].fresh)) if known else (n, m)
    stood = references or columns(np.zeros((n_query, 0)), np.zeros((n_fresh, 0)))
    n_references = stood.query.shape[1]
    team = history(team_id=900, k=n_references, final=None, is_reference=True)
    defaults: dict[str, Any] = {
        "metric": "accuracy",
        "scorer": Scorer(metric="accuracy", n_classes=2),
        "unit": 1.0,
        "delta0": DELTA0,
        "rules": Rules(n_classes=2),
        "label_noise": None,
        "score": Mean(is_exact=True, n_items=n_query + n_fresh),
        "draw": draw(n=n_query, m=n_fresh) if min(n_query, n_fresh) >= 2 else None,
        "n_teams": len(entrants) + len(damaged),
        "compared_with": stood,
        "published_finals": [],
        "first_release_at": NOW + MINUTE / 2 if entrants else None,
        "query": opened(n_query),
        "fresh": opened(n_fresh, first=n_query),
        "others": {},
        "reference_answers": Answers(submissions=team.submissions, positions=np.arange(n_query)),
    }
    return Collected(
        n=n_query,
        m=n_fresh,
        entrants=list(entrants),
        damaged=list(damaged),
        damaged_references=[],
        references=stood,
        reference_history=team.submissions,
        reference_teams=[team] * n_references,
        **{**defaults, **given},
    )


@dataclass(frozen=True, kw_only=True)
class Held(Answers):
    """Files that are in memory, one a row, and in no storage."""

    rows: Matrix

    def of(self, number: int) -> Matrix:
        row: Matrix = self.rows[number]
        return row

    def files(self) -> Iterator[Matrix]:
        return iter(self.rows)


def held(rows: Matrix, *, n: int | None = None) -> Held:
    """Answers of these files, whose first `n` items are the query items: all, unless said."""
    n_query = rows.shape[1] if n is None else n
    return Held(submissions=(), positions=np.arange(n_query), rows=rows)


def answering(team_id: int, answers: Matrix, *, n: int = 4, m: int = 4) -> Entrant:
    """A team of one file, its answers to all items of the panel; what it scored of n and m does not count."""
    found = entrant(team_id, np.ones((n, 1)), np.ones((m, 1)))
    return replace(found, answers=held(np.asarray(answers)[None], n=n))


def opened(n_items: int, *, first: int = 0, **given: Any) -> Opened:
    """Items of a holdout in which nobody looks at a label, unless given."""
    defaults: dict[str, Any] = {
        "positions": np.arange(first, first + n_items),
        "labels": np.zeros(n_items, np.int64),
        "groups": None,
        "strata": None,
    }
    return Opened(**{**defaults, **given})


def context(**given: Any) -> Context:
    """What checks share, with nothing found unless given."""
    ladder = MECHANISMS["guarded_ladder"]
    account = Account(
        mechanism=ladder, parameters=ladder.parameters(), n=100, unit=1.0, is_mean=True
    )
    nothing: dict[str, Any] = {"account": account, "nats": 0.0, "gate": None, "tests": {}}
    return Context(generator=generator, **{**nothing, **given})


def right(rng: np.random.Generator, n_items: int, k: int, *, rate: float = 0.8) -> Matrix:
    """Right or wrong at random: models that learned nothing from any answer."""
    result: Matrix = rng.random((n_items, k)) < rate
    return result


def climbed(base: Matrix, *, n_steps: int, step: int) -> Matrix:
    """A menu that starts at `base` (items,) and turns `step` more wrong items right each time."""
    wrong = np.flatnonzero(~base)
    menu = np.repeat(base[:, None], n_steps + 1, axis=1)
    for position in range(1, n_steps + 1):
        menu[wrong[: position * step], position] = True
    return menu


def unmoved(base: Matrix, *, n_steps: int) -> Matrix:
    """The same files on fresh items, where they changed nothing on balance."""
    result: Matrix = np.repeat(base[:, None], n_steps + 1, axis=1)
    return result
