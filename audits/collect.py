"""The collector: one round's history and opened labels to arrays of per-item scores. The only reader.

Only the query holdout and the iid fresh holdouts drawn with it decide. Later-period and other holdouts
are measured too and shown; they can never convict. Nothing per item leaves this process.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.draw import Draw, draw
from stats.drawing import strata_of
from stats.metrics import Scorer
from stats.scored_files import Files, score_files
from stats.split_scores import SplitScore, split_score
from vault import history, predictions
from vault.errors import VaultError
from vault.history import (
    PastSubmission,
    PublishedFinal,
    RoundHistory,
    StoredFile,
    TeamHistory,
)
from vault.holdout_kinds import WITHOUT_LABELS
from vault.models import Holdout, Round
from vault.scorers import scorer_of
from vault.sealing import holdouts
from vault.sealing.sealed_labels import OpenLabels

Scores = NDArray[Any]
# By metric and holdout (query, fresh): value, low and high of a 95 % interval, in the metric's own units.
Scored = dict[str, dict[str, list[float]]]

ACTOR = "worker-audit"
# Of the finals that were published about the query holdout so many serve as references, the best ones: those
# are what honest teams adopt. With all of them, a coalition that had published many random votes would find
# its composed file explained by them.
N_PUBLISHED_FINALS = 3


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Items of one or more holdouts: positions in the panel, their labels, and how they were drawn."""

    positions: NDArray[np.int64]
    labels: NDArray[Any]
    # Each item's group where whole groups were drawn, and its stratum where strata were drawn apart.
    groups: NDArray[np.object_] | None
    strata: NDArray[np.intp] | None
    # By holdout.
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A team's files as they were handed in, read again where a check asks: never all teams' at once."""

    submissions: Sequence[StoredFile]
    # Of the query items, in panel order.
    positions: NDArray[np.int64]

    def files(self) -> Iterator[NDArray[Any]]:
        """Read one whole file after the other, in time order."""
        return (predictions.load(file_key=each.file_key) for each in self.submissions)

    def on_query(self) -> NDArray[Any]:
        """Stack the answers to query items, a file a row."""
        return np.stack([each[self.positions] for each in self.files()])


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A team with its menu in time order; `final` is its index in the menu."""

    history: TeamHistory
    columns: Files
    final: int | None
    # Scores of the final on holdouts that do not decide, by holdout, in the metric's own units.
    elsewhere: dict[str, float]
    scores: Scored = field(default_factory=dict)
    answers: Answers | None = None

    @property
    def k(self) -> int:
        return len(self.history.submissions)

    @property
    def first_file_precedes_release(self) -> bool:
        """Whether its first file came in before anything had been released to the team."""
        # Its own answer came later, whatever the clocks of two machines say.
        first, *later = self.history.submissions
        return all(first.submitted_at <= each.released_at for each in later)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Everything that the checks read."""

    metric: str
    unit: float
    delta0: float
    score: SplitScore
    # None where nothing can decide: no fresh iid holdout is of the query holdout's own draw.
    draw: Draw | None
    # Teams whose files were scored when the round closed: a constant of the round from then on.
    n_teams: int
    n: int
    m: int
    entrants: list[Entrant]
    # Left out, since a stored file is missing or is not what was received.
    damaged: list[TeamHistory]
    damaged_references: list[TeamHistory]
    # Frozen files that cannot depend on either holdout's labels: the organizer's, for gate and board, and
    # with them the best of what was published about the query holdout while it was fresh, for the tests.
    references: Files
    compared_with: Files
    reference_history: list[PastSubmission]
    published_finals: list[PublishedFinal]
    reference_teams: list[TeamHistory]
    # When a team, no matter which, was first told anything of the query holdout.
    first_release_at: dt.datetime | None
    # In the order of the references.
    reference_scores: list[Scored] = field(default_factory=list)
    # Which version of its labels was read of each holdout, by id.
    label_versions: dict[str, int] = field(default_factory=dict)
    # Teams that organizers took out of the ranking.
    unranked: frozenset[int] = frozenset()
    # Of an audit that is repeated: what everybody reads of finals on labels that arrived since, by holdout
    # and team, in the metric's own units.
    awaited: dict[str, dict[int, float]] = field(default_factory=dict)

    @property
    def frozen(self) -> list[tuple[TeamHistory, PastSubmission]]:
        """The organizer's frozen files, each with its team."""
        return list(zip(self.reference_teams, self.reference_history, strict=True))

    @property
    def audited(self) -> list[Entrant]:
        return [entrant for entrant in self.entrants if entrant.final is not None]

    @property
    def came_before_any_answer(self) -> list[Entrant]:
        """Teams whose first file came in before anybody had been told anything."""
        # A later first file can come from a clean account of somebody who was told.
        told = self.first_release_at
        # Before the round figures about the query holdout may have been published.
        if self.published_finals or told is None:
            return []
        return [each for each in self.entrants if each.history.submissions[0].submitted_at <= told]


def collect(*, round: Round, now: dt.datetime, repeats: bool = False) -> Collected:
    """Open the labels, journaled first, and score every submission of the round on every item.

    An audit that `repeats` another opens what has retired since, or answers a later round.
    """

    _open = partial(_opened, round=round, now=now, repeats=repeats)
    past = history.round_history(round=round)
    fresh_holdouts = list(round.fresh_holdouts.order_by("sealed_at", "pk"))
    deciding = [each for each in fresh_holdouts if each.decides_beside(round.query_holdout)]
    # What is still without labels is scored as they come: `audits.prospective`.
    others = [
        each for each in fresh_holdouts if each not in deciding and each.kind not in WITHOUT_LABELS
    ]
    scorer = _Scorer(
        of=scorer_of(benchmark=round.benchmark),
        secondary=[
            scorer_of(benchmark=round.benchmark, metric=each)
            for each in round.benchmark.secondary_metrics
        ],
        query=_open([round.query_holdout]),
        fresh=_open(deciding),
        others={str(each.pk): _open([each]) for each in others},
    )
    teams = [team for team in past.teams if not team.is_reference]
    damaged = [team for team in teams if not all(map(_is_intact, team.submissions))]
    references = [each for each in past.references if _is_intact(each)]
    lost = [each for each in past.references if each not in references]
    unit = scorer.of.unit
    published = _best_published(past, scorer.of)
    return Collected(
        metric=scorer.of.metric,
        unit=unit,
        delta0=round.benchmark.delta0 * unit,
        score=scorer.split,
        draw=scorer.draw,
        n_teams=len(teams),
        n=scorer.query.n,
        m=scorer.fresh.n,
        entrants=[scorer.entrant(team) for team in teams if team not in damaged],
        damaged=damaged,
        damaged_references=_owners(lost, past),
        references=scorer.columns(references),
        compared_with=scorer.columns([*references, *published]),
        reference_history=references,
        published_finals=published,
        reference_teams=_owners(references, past),
        first_release_at=past.first_release_at,
        reference_scores=[scorer.every_metric(each) for each in references],
        label_versions=scorer.label_versions,
        unranked=past.unranked,
        awaited=past.awaited,
    )


def _best_published(past: RoundHistory, scorer: Scorer) -> list[PublishedFinal]:
    # Files that were lost since hold up nobody's audit.
    readable = [each for each in past.published_finals if _is_readable(each.file_key)]
    return sorted(readable, key=lambda each: -scorer.orient(each.fresh))[:N_PUBLISHED_FINALS]


def _owners(references: Sequence[PastSubmission], past: RoundHistory) -> list[TeamHistory]:
    """Return the team of each reference, in their frozen order."""
    owner = {each.id: team for team in past.teams for each in team.submissions}
    return [owner[each.id] for each in references]


def _opened(shards: list[Holdout], *, round: Round, now: dt.datetime, repeats: bool) -> Opened:
    open_labels = partial(
        holdouts.open_labels,
        purpose="audit",
        reason={"round": round.number} | ({"repeats": True} if repeats else {}),
        actor=ACTOR,
        now=now,
        repeats=repeats,
    )
    opened = [open_labels(holdout=holdout) for holdout in shards]
    strata = [
        _drawn_strata(
            each, each if each.version == 1 else open_labels(holdout=shard, as_sealed=True)
        )
        for shard, each in zip(shards, opened, strict=True)
        if shard.stratified
    ]
    groups = [each.groups for each in opened if each.groups is not None]
    nothing = [np.empty(0, np.int64)]
    return Opened(
        positions=np.concatenate([each.positions for each in opened] or nothing),
        labels=np.concatenate([each.labels for each in opened] or nothing),
        groups=np.concatenate(groups) if groups else None,
        strata=np.concatenate(strata) if strata else None,
        versions={str(shard.pk): each.version for shard, each in zip(shards, opened, strict=True)},
    )


def _drawn_strata(opened: OpenLabels, as_sealed: OpenLabels) -> NDArray[np.intp]:
    """Give each item's stratum in the draw, which was made of the labels that the holdout was sealed with.

    A correction changes classes and leaves items out, also of groups; how the items were drawn stays.
    """
    drawn = strata_of(labels=as_sealed.labels, units=as_sealed.groups)
    return drawn[np.searchsorted(as_sealed.positions, opened.positions)]


@dataclass(frozen=True, kw_only=True)
class _Scorer:
    of: Scorer
    secondary: list[Scorer]
    query: Opened
    fresh: Opened
    others: dict[str, Opened]

    @property
    def label_versions(self) -> dict[str, int]:
        opened = (self.query, self.fresh, *self.others.values())
        return {name: number for each in opened for name, number in each.versions.items()}

    @cached_property
    def labels(self) -> NDArray[Any]:
        return np.concatenate([self.query.labels, self.fresh.labels])

    @property
    def draw(self) -> Draw | None:
        """Describe the draw that sealing made of the query and fresh shards of one batch."""
        query, fresh = self.query, self.fresh
        if min(query.n, fresh.n) < 2:
            # A shuffle needs two items a holdout.
            return None
        return draw(
            n=query.n,
            m=fresh.n,
            query_clusters=query.groups,
            fresh_clusters=fresh.groups,
            query_strata=query.strata,
            fresh_strata=fresh.strata,
        )

    @cached_property
    def split(self) -> SplitScore:
        return split_score(scorer=self.of, labels=self.labels)

    def columns(self, submissions: Sequence[StoredFile]) -> Files:
        positions = np.concatenate([self.query.positions, self.fresh.positions])
        return score_files(
            scorer=self.of,
            split=self.split,
            labels=self.labels,
            predictions=(
                predictions.load(file_key=each.file_key)[positions] for each in submissions
            ),
            n=self.query.n,
        )

    def elsewhere(self, submission: PastSubmission) -> dict[str, float]:
        answers = predictions.load(file_key=submission.file_key)
        return {
            name: self.of.score(labels=opened.labels, predictions=answers[opened.positions])
            for name, opened in self.others.items()
        }

    def every_metric(self, submission: PastSubmission) -> Scored:
        """Compute the primary and all secondary metrics of one file, each with its interval."""
        answers = predictions.load(file_key=submission.file_key)
        scores: Scored = {}
        for scorer in (self.of, *self.secondary):
            of_metric = scores.setdefault(scorer.metric, {})
            for part, opened in (("query", self.query), ("fresh", self.fresh)):
                if not opened.n:
                    continue
                labels, own = opened.labels, answers[opened.positions]
                found = scorer.interval(labels=labels, predictions=own, groups=opened.groups)
                value = scorer.score(labels=labels, predictions=own)
                of_metric[part] = [value, found.low, found.high]
        return scores

    def entrant(self, team: TeamHistory) -> Entrant:
        menu = team.submissions
        ids = [each.id for each in menu]
        final = ids.index(team.final_id) if team.final_id in ids else None
        return Entrant(
            history=team,
            columns=self.columns(menu),
            final=final,
            elsewhere={} if final is None else self.elsewhere(menu[final]),
            scores={} if final is None else self.every_metric(menu[final]),
            answers=Answers(submissions=menu, positions=self.query.positions),
        )


def _is_intact(submission: PastSubmission) -> bool:
    """Compare the file's name with the submission; loading compares the file with the hash in its name."""
    return submission.sha256 in submission.file_key and _is_readable(submission.file_key)


def _is_readable(file_key: str) -> bool:
    try:
        predictions.load(file_key=file_key)
    except (VaultError, OSError):
        return False
    return True
