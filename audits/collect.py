"""The collector: one round's history and opened labels to arrays of per-item scores. The only reader.

Only the query holdout and the iid fresh holdouts drawn with it decide. Later-period and other holdouts
are measured too and shown; they can never convict. Nothing per item leaves this process.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.collected import Answers, Collected, Entrant, Opened, Scored
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

ACTOR = "worker-audit"
# Of the finals that were published about the query holdout so many serve as references, the best ones: those
# are what honest teams adopt. With all of them, a coalition that had published many random votes would find
# its composed file explained by them.
N_PUBLISHED_FINALS = 3


def collect(*, round: Round, now: dt.datetime, repeats: bool = False) -> Collected:
    """Open the labels, journaled first, and score every submission of the round on every item.

    An audit that `repeats` another opens what has retired since, or answers a later round.
    """

    _open = partial(_opened, round=round, now=now, repeats=repeats)
    past = history.round_history(round=round)
    shards = list(round.fresh_holdouts.order_by("sealed_at", "pk"))
    deciding = [each for each in shards if each.decides_beside(round.query_holdout)]
    # What is still without labels is scored as they come: `audits.prospective`.
    others = [each for each in shards if each not in deciding and each.kind not in WITHOUT_LABELS]
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
    published = _best_published(past, scorer.of)
    return Collected(
        metric=scorer.of.metric,
        unit=scorer.of.unit,
        delta0=round.benchmark.delta0 * scorer.of.unit,
        scorer=scorer.of,
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
        query=scorer.query,
        fresh=scorer.fresh,
        others=scorer.others,
        reference_answers=scorer.answers(references),
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
    nothing = [np.empty(0, np.int64)]
    return Opened(
        positions=np.concatenate([each.positions for each in opened] or nothing),
        labels=np.concatenate([each.labels for each in opened] or nothing),
        groups=_together([each.groups for each in opened]),
        strata=np.concatenate(strata) if strata else None,
        versions={str(shard.pk): each.version for shard, each in zip(shards, opened, strict=True)},
        slices=_slices(opened),
        times=_together([each.times for each in opened]),
        kind=shards[0].kind if shards else "iid",
    )


def _together(parts: Sequence[NDArray[np.object_] | None]) -> NDArray[np.object_] | None:
    """Join a column of several shards, of which each has it or none."""
    known = [each for each in parts if each is not None]
    return np.concatenate(known) if known else None


def _slices(opened: Sequence[OpenLabels]) -> dict[str, NDArray[np.object_]]:
    """Join the slices of several shards; shards of one batch have the same columns."""
    names = opened[0].slices if opened else ()
    return {name: np.concatenate([each.slices[name] for each in opened]) for name in names}


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

    def answers(self, submissions: Sequence[StoredFile]) -> Answers:
        return Answers(submissions=submissions, positions=self.query.positions)

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
            answers=self.answers(menu),
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
