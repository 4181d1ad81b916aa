"""What was found of one team: each test of its two files, and which of them people read.

A file is tested against the team's own early files and against frozen files of the organizer. Figures are in
the metric's units, oriented: positive D means that the file looks better on query labels than on fresh ones.
"""

from dataclasses import dataclass

import scipy.stats as sps

OWN_FILES = "own_files"
ORGANIZER = "organiser"
FINAL = "final"
BEST_SCORED = "best_scored"
# Of a round, half of it for each kind of reference.
FAMILY_WISE_ERROR = 0.01
N_KINDS = 2
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class FileTest:
    """
    One file against one kind of reference, in the metric's units.

    Parameters
    ----------
    file : int
        Its number among the team's files.
    overstatement : float
        D by the exact metric: how much of the file's lead over the references fresh labels do not show.
    reference_excess : float
        How much better the references of this test look on query labels than on fresh ones: D is the file's
        own excess less this.
    weights : tuple of pairs of int and float
        The references and how much each of them counts: the team's own files by their numbers, behind them
        the organizer's. The weights sum to one.
    low, high : float
        95 % interval of the realised overstatement, D +- t sd_F / sqrt(m): it covers the sampling of fresh
        items alone, so it stands beside `luck`.
    p_value : float
        One-sided; 1 where the first draws showed that it is above .05.
    is_screened : bool
        Whether it is: shown as "> .05".
    adjusted : float
        The p-value, adjusted for both kinds of reference and, by Holm, for all files of the round.
    p_estimate : float
        Share of draws that reached D, for triage alone.
    luck : float
        What honest files show in 19 of 20 draws at most.
    excess_low : float
        What remains of D beyond the null's 97.5 % quantile.
    critical : float
        From which D on the test rejects at the first Holm step.
    luck_high : float
        The null's 97.5 % quantile: D has to exceed it by more than delta0.
    spread : float
        Standard deviation of D over repeated draws.
    n_draws : int
    """

    file: int
    overstatement: float
    reference_excess: float
    weights: tuple[tuple[int, float], ...]
    low: float
    high: float
    p_value: float
    is_screened: bool
    adjusted: float
    p_estimate: float
    luck: float
    excess_low: float
    critical: float
    luck_high: float
    spread: float
    n_draws: int

    def accuses(self, *, delta0: float) -> bool:
        """Tell whether Holm rejects and both the excess over luck and the exact D are above delta0."""
        return (
            self.adjusted <= FAMILY_WISE_ERROR
            and self.excess_low > delta0
            and self.overstatement > delta0
        )

    @property
    def exceeds_luck(self) -> bool:
        """Whether the overstatement is more than honest files show in 19 of 20 draws."""
        return self.overstatement > self.luck

    def minimum_detectable_effect(self, *, delta0: float) -> float:
        """Return the overstatement that would have accused with probability .8 at the first Holm step."""
        least = max(self.critical, self.luck_high + delta0, delta0)
        return least + float(sps.norm.ppf(POWER)) * self.spread


@dataclass(frozen=True, kw_only=True)
class Shown:
    """
    The test that people read.

    Parameters
    ----------
    which : str
        FINAL or BEST_SCORED.
    kind : str
        OWN_FILES or ORGANIZER: what the file was compared with.
    test : FileTest
    minimum_detectable_effect : float
        The larger one of the tests of that file.
    """

    which: str
    kind: str
    test: FileTest
    minimum_detectable_effect: float


@dataclass(frozen=True, kw_only=True)
class TeamTests:
    """
    The tests of a team; at least one could run.

    Parameters
    ----------
    k : int
        Files of the team.
    best : int
        The file with the best raw query score.
    tests : dict from (FINAL or BEST_SCORED, OWN_FILES or ORGANIZER) to FileTest
        Where the final is the best-scored file, both entries are one test.
    """

    k: int
    best: int
    tests: dict[tuple[str, str], FileTest]

    def accuses(self, *, delta0: float) -> bool:
        """Tell whether any test accuses."""
        return any(each.accuses(delta0=delta0) for each in self.tests.values())

    def shown(self, *, delta0: float) -> Shown:
        """
        Choose what is reported: the test that accuses, else the final against the organizer's references.

        Parameters
        ----------
        delta0 : float

        Returns
        -------
        Shown
            With the larger minimum detectable effect of the tests of that file.
        """
        order = [(FINAL, ORGANIZER), (FINAL, OWN_FILES)]
        order += [(BEST_SCORED, ORGANIZER), (BEST_SCORED, OWN_FILES)]
        ran = [key for key in order if key in self.tests]
        accusing = [key for key in ran if self.tests[key].accuses(delta0=delta0)]
        which, kind = accusing[0] if accusing else ran[0]
        effects = [
            test.minimum_detectable_effect(delta0=delta0)
            for key, test in self.tests.items()
            if key[0] == which
        ]
        return Shown(
            which=which,
            kind=kind,
            test=self.tests[which, kind],
            minimum_detectable_effect=max(effects),
        )
