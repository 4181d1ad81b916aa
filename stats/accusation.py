"""The accusation: is a file's lead over its references missing on labels that nobody was scored against?

The vault drew at random which items are query and which fresh. If no file depends on query labels, every
other draw was as likely, so repeating the draw gives an exact null: in each repetition the best-looking file
is chosen anew, and its difference-in-differences against the references compared with the observed one.

Two files of each team are tested: the one with the best raw query score of all that it handed in, and its
final. A final other than the best-scored file is not covered by the null of the best: it is compared with
the largest studentised difference of all files in each repetition, which holds however it was chosen among
the other files. At any level a, honest files reject by one test of the pair or the other in at most 2 a of
draws, and Holm counts both. There
are two kinds of reference, the team's own early files and frozen files of the organizer, so that neither an
odd first file nor a clean second account evades both. Holm over all files of all teams at .005 for each kind
keeps the family-wise error of a round at .01.

Arrays are items x files, query items first, oriented: higher is better. Positive D means that the file looks
better on query labels than on fresh ones.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from stats import references as compare
from stats.draw import Draw
from stats.multiplicity import benjamini_hochberg, holm
from stats.redraws import Block, repeated
from stats.references import Contrast
from stats.scored_files import Files
from stats.split_scores import SplitScore
from stats.team_tests import (
    BEST_SCORED,
    FAMILY_WISE_ERROR,
    FINAL,
    N_KINDS,
    ORGANIZER,
    OWN_FILES,
    FileTest,
    TeamTests,
)
from stats.trial import Case, Table, Trial, table

ALPHA = FAMILY_WISE_ERROR / N_KINDS
TRIAGE_ALPHA = 0.10
# Draws that every team gets: luck is their quantile. Further ones are made as many at a time.
N_FIRST = 1_000
# Teams are looked at side by side, as many as have room for their columns at once; what is found does not
# depend on either.
N_THREADS = 2
MAX_BYTES = 2**31

Team = TypeVar("Team", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """
    One team.

    Parameters
    ----------
    files : Files
        Everything it handed in, withdrawn files included.
    final : int in [0, k), or None
        None where it has none: all of its files are withdrawn.
    first_file_precedes_release : bool
        Whether its first file came before anything was released to it.
    """

    files: Files
    final: int | None
    first_file_precedes_release: bool = True


def accuse(
    *,
    draw: Draw,
    score: SplitScore,
    contestants: Mapping[Team, Contestant],
    references: Files | None,
    n_teams: int,
    tie: float,
    rng: np.random.Generator,
) -> dict[Team, TeamTests]:
    """
    Test the teams of a round.

    Parameters
    ----------
    draw : Draw
        How the items came to be query or fresh.
    score : SplitScore
        The metric, as a function of the split.
    contestants : mapping from team to Contestant
    references : Files or None
        Frozen files that cannot depend on the holdouts' labels; without them only own files serve.
    n_teams : int
        Teams of the round when it closed: Holm counts two files of each.
    tie : float, >= 0
        Scores closer than this are equal, in the metric's units; of equal ones the earliest is the best.
    rng : numpy Generator
        Draws the repetitions, which all teams share.

    Returns
    -------
    dict from team to TeamTests
        The teams that could be tested.

    Raises
    ------
    ValueError
        If `n_teams` is smaller than the number of contestants, or arrays do not fit the draw.

    Notes
    -----
    Own references are the first file, and from four files on also the mean of the first min(6, k/2), as the
    larger studentised D; they need a first file from before the first release. Holm takes p-values by betting
    at the first level, .005 / (2 T). Cost: 1,000 draws x contested items x files for each team, and some
    hundred thousand draws for each that is accused. Source: docs/method.md, "The accusation"; S. Holm, 1979.
    """
    if n_teams < len(contestants):
        raise ValueError("n_teams: at least as many as there are contestants")
    if not contestants:
        return {}
    level = ALPHA / (2 * n_teams)
    everything = [each.files for each in contestants.values()]
    everything += [] if references is None else [references]
    shared_table = table(draw=draw, score=score, everything=everything, tie=tie)
    shared = shared_table.sums(score.shared)
    start = deepcopy(rng)
    blocks = _blocks(shared_table, rng)
    first = next(blocks)

    def begin(contestant: Contestant) -> Trial:
        files = [contestant.files] if references is None else [contestant.files, references]
        return Trial(
            table=shared_table,
            files=files,
            shared=shared,
            contrasts=_contrasts(contestant, files, draw),
            final=contestant.final,
            level=level,
            first=first,
        )

    with ThreadPoolExecutor(N_THREADS) as pool:
        trials = dict(zip(contestants, pool.map(begin, contestants.values()), strict=True))
    for batch in _batches([trial for trial in trials.values() if not trial.is_settled]):
        _settle(batch, blocks)
        # The same draws for everybody: the next batch goes on from where this one began.
        blocks = islice(_blocks(shared_table, deepcopy(start)), 1, None)
    return _judged(trials, contestants=contestants, references=references, draw=draw, level=level)


def triage(*, tests: Mapping[Team, TeamTests]) -> set[Team]:
    """
    Find the teams that Benjamini-Hochberg at .10 would have a researcher look at.

    Parameters
    ----------
    tests : mapping from team to TeamTests

    Returns
    -------
    set of teams

    Notes
    -----
    On the smallest of a team's p-values times their number. No accusation, and never published. Cost:
    O(t log t). Source: Benjamini and Hochberg, 1995.
    """
    teams = list(tests)
    p_values = []
    for each in tests.values():
        # A final that is the best-scored file has one test under two names.
        own = {(test.file, kind): test.p_estimate for (_, kind), test in each.tests.items()}
        p_values.append(min(1.0, len(own) * min(own.values())))
    adjusted = benjamini_hochberg(p_values=p_values)
    return {team for team, p in zip(teams, adjusted, strict=True) if p <= TRIAGE_ALPHA}


def _contrasts(contestant: Contestant, files: Sequence[Files], draw: Draw) -> dict[str, Contrast]:
    items, k = np.hstack([each.items for each in files]), contestant.files.k
    pool = compare.pool(items=items, k=k, draw=draw)
    found = {}
    if len(files) > 1:
        found[ORGANIZER] = compare.organizer(pool=pool)
    if contestant.first_file_precedes_release and k > 1:
        found[OWN_FILES] = compare.own_files(pool=pool)
    return found


def _blocks(shared_table: Table, rng: np.random.Generator) -> Iterator[Block]:
    return repeated(draw=shared_table.draw, pattern=shared_table.pattern, rng=rng, size=N_FIRST)


def _batches(waiting: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Group trials, as many at a time as have room; one that has none stands alone."""
    batch: list[Trial] = []
    room = MAX_BYTES
    for trial in waiting:
        if batch and trial.n_bytes > room:
            yield batch
            batch, room = [], MAX_BYTES
        batch.append(trial)
        room -= trial.n_bytes
    if batch:
        yield batch


def _settle(waiting: list[Trial], blocks: Iterator[Block]) -> None:
    """Draw on until nobody waits; each trial prepares its columns once."""
    running = [trial.observer() for trial in waiting]
    with ThreadPoolExecutor(N_THREADS) as pool:
        while running:
            block = next(blocks)
            goes_on = list(pool.map(lambda look, block=block: look(block), running))
            running = [each for each, more in zip(running, goes_on, strict=True) if more]


def _judged(
    trials: Mapping[Team, Trial],
    *,
    contestants: Mapping[Team, Contestant],
    references: Files | None,
    draw: Draw,
    level: float,
) -> dict[Team, TeamTests]:
    """Apply Holm for each kind over two files of each team, those that could not be tested included."""
    n_tests = round(ALPHA / level)
    adjusted: dict[tuple[Team, str, str], float] = {}
    cases = {
        (team, which, case.kind): case
        for team, trial in trials.items()
        for which, file in ((FINAL, contestants[team].final), (BEST_SCORED, trial.best))
        for case in trial.cases
        if case.file == file
    }
    for kind in (OWN_FILES, ORGANIZER):
        keys = [key for key in cases if key[2] == kind]
        p_values = np.ones(n_tests)
        p_values[: len(keys)] = [cases[key].p_value for key in keys]
        doubled = np.minimum(1.0, N_KINDS * holm(p_values=p_values))
        adjusted |= dict(zip(keys, doubled.tolist(), strict=False))
    judged = {}
    for team, trial in trials.items():
        if trial.cases:
            judged[team] = TeamTests(
                k=trial.k,
                best=trial.best,
                tests={
                    key[1:]: _file_test(
                        case, trial=trial, draw=draw, level=level, adjusted=adjusted[key]
                    )
                    for key, case in cases.items()
                    if key[0] == team
                },
            )
    return judged


def _file_test(case: Case, *, trial: Trial, draw: Draw, level: float, adjusted: float) -> FileTest:
    excess = trial.exact_excess(case.file)
    overstatement = trial.exact_difference(case)
    half_width = trial.half_width(case)
    return FileTest(
        file=case.file,
        overstatement=overstatement,
        reference_excess=excess - overstatement,
        weights=trial.weights(case),
        low=overstatement - half_width,
        high=overstatement + half_width,
        p_value=case.p_value,
        is_screened=case.is_screened,
        adjusted=adjusted,
        p_estimate=case.bet.p_estimate,
        luck=case.luck,
        excess_low=case.excess_low,
        critical=case.critical(level=level, skewness=trial.skewness(case)),
        luck_high=case.luck_high,
        spread=case.spread,
        n_draws=case.bet.n_draws,
    )
