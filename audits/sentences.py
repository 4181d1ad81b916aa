"""What an audit says in words: a headline for a round and one sentence for each team.

A sentence never claims a cause, never says that there is no inflation, and gives no interval without luck
beside it. Numbers are in the metric's own units; of the overstatement positive always means that the file
looks better on the query labels than on new ones. What the board showed is called that and nothing else is:
it may have shown a rounded score, or none.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from stats.verdict import Verdict

HOW_TO_READ = (
    "An overstatement is how much better a file looks on the labels that answered queries (the query "
    "labels) than on new labels, beside the references, or beside the team's own first files where a "
    "sentence says so; of a file that is ahead of the references it is the part of its lead that is missing "
    "there. It is the score on the query labels less that on new ones (where lower is better, the new one "
    "less the query one), less the same difference of what the file is compared with, the reference excess. "
    "Several files are compared with as a weighted mean, with the weights that follow the file most closely "
    "on the items of both holdouts (least squares; they sum to one, and may be below zero): no plain mean "
    "of the references and no single one of them has its excess, and the row of a reference with several "
    "frozen files is of the first of them. The board may have shown less of the score "
    "on the query labels: the board's figure is not the one to subtract from. The interval in brackets "
    "covers the overstatement of this file on labels like these, so it holds the sampling of the new labels "
    "and nothing else: what the choice among many files does by chance stands beside it as luck. The "
    "repeated draws behind a p-value end as soon as the level is reached, so a p at the level does not say "
    "how far beyond it a file is. "
    "Teams of one tier cannot be distinguished from its best: simultaneous paired intervals of all "
    "differences, 95 %. Each pair's interval has its own width, so that of two equal figures one can be "
    "distinguished from the best and the other cannot."
)
COARSE = (
    " Scores on new labels are rounded to the nearest step of the grid beside them; intervals, luck and "
    "the smallest that would have been found are rounded up: none is narrower or smaller than it is. An "
    "overstatement is the difference of figures that are shown: the score on the query labels, the rounded "
    "one on new labels and the reference excess. A reference excess is computed exactly and then rounded to "
    "a step by itself, so it is not the difference of the references' rounded scores: where there is one "
    "reference, the two may be a step and a unit of the last digit apart. So far an overstatement may be "
    "from the exact one, too, and by another unit of that digit."
)
EXACT = (
    " An overstatement and a reference excess are differences of exact scores, each rounded by itself at the "
    "end: differences of the figures that are shown may be two units of the last digit off."
)
BELOW_BASELINE = "its release did not beat the baseline"
NOT_RELEASED = "no value of its own was released"
NO_BASELINE = "no baseline was released that it could have beaten"
WITHDRAWN = "there is no final, since every file was withdrawn"
NOT_ON_FRESH = "no fresh holdout of the same draw was opened"
INVALID = (
    "INVALID: a stored file of this team is not what was received (the integrity check compares hashes), so "
    "nothing is said of its scores."
)
NOT_TESTED = (
    "Not tested: that needs a fresh holdout of the query holdout's draw, and a reference or an earlier file "
    "of the team's own to compare with."
)
NO_FINDING = "no finding at the level that this audit holds."
TESTED = f"Its best-scored file was tested, with {NO_FINDING}"
NO_FINAL = "This team has no final: it withdrew every file."
SHOWN_P, ABOVE = 0.05, "> .05"
MIN_P, BELOW = 0.0001, "< .0001"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one sentence is made of; None stands for what is not shown."""

    verdict: str
    team: str
    greater_is_better: bool
    decimals: int
    # Of the file that the verdict names; `released` is what the board showed of it.
    released: float | None
    query: float | None
    fresh: float | None
    n_fresh: int
    overstatement: float | None
    low: float | None
    high: float | None
    luck: float | None
    minimum_detectable_effect: float | None
    k: int | None
    # What the lead is over: own first files, or else the references.
    is_over_own_files: bool = False
    names_best_scored: bool = False
    is_ranked_file: bool = True
    # Why there is no fresh score.
    reason: str = NOT_ON_FRESH
    # The team withdrew every file that it handed in.
    has_final: bool = True
    # Whether the file is ahead of the references on the query labels, by what is told.
    is_ahead: bool = True
    # The files of the comparison, and how much better they look on the query labels.
    compared_with: str = ""
    reference_excess: float | None = None
    # How much better untuned models score on query than on fresh labels.
    shift: float | None = None

    def number(self, value: float | None) -> str:
        return number(value, decimals=self.decimals)

    @property
    def covered(self) -> str:
        """The interval of the overstatement."""
        return interval(self.low, self.high, decimals=self.decimals)

    @property
    def lower(self) -> str:
        return "" if self.greater_is_better else "lower is better"

    @property
    def over(self) -> str:
        return "its own first files" if self.is_over_own_files else "the references"


def how_to_read(*, is_exact: bool) -> str:
    return HOW_TO_READ + (EXACT if is_exact else COARSE)


def headline(*, verdicts: Iterable[str]) -> str:
    """Sum up a round in one line; references have no verdict and are not counted."""
    known = [each for each in verdicts if each]
    apart = (Verdict.CONFIRMED, Verdict.INVALID, Verdict.SHIFT, Verdict.NOT_TESTED)
    confirmed, invalid, shifted, untested = map(known.count, apart)
    rest = f"{len(known) - confirmed - invalid - shifted - untested} without evidence"
    rest += f", {shifted} SHIFT" if shifted else ""
    rest += f", {untested} not tested" if untested else ""
    return f"{confirmed} CONFIRMED, {invalid} INVALID, {rest} of {len(known)}"


def sentence(*, facts: Facts) -> str:
    """Say what is known of one team; nothing of a reference, which nobody judged."""
    if not facts.verdict:
        return ""
    if facts.verdict == Verdict.INVALID:
        return INVALID
    if facts.verdict == Verdict.CONFIRMED:
        return _confirmed(facts)
    if facts.verdict == Verdict.NOT_TESTED:
        return _joined(_scores(facts), NOT_TESTED)
    if facts.verdict == Verdict.SHIFT:
        # While the gate has fired no overstatement would be found, however large.
        return _joined(_scores(facts), _shifted(facts))
    # Of a team without a final the figures of the file that was tested are told in a finding alone.
    tested = "" if facts.has_final or facts.query is not None else TESTED
    parts = [_scores(facts), tested, _missing(facts), _compared(facts), _against_luck(facts)]
    if facts.minimum_detectable_effect is not None:
        least = facts.number(facts.minimum_detectable_effect)
        parts.append(f"An overstatement of {least} would have been found with 80 %.")
    if facts.verdict == Verdict.SUSPECTED:
        parts.append("For researchers only: worth a look, and no finding.")
    return _joined(*parts)


def number(value: float | None, *, decimals: int) -> str:
    """Write a figure without the zero before its point: .767, -.012, 41.4."""
    if value is None:
        return "–"
    # By its digits: .77625 is a little less in binary, .76375 a little more. Zero added keeps a minus away.
    digits = Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{digits + 0:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def interval(low: float | None, high: float | None, *, decimals: int) -> str:
    """Write both ends in brackets."""
    if low is None or high is None:
        return "–"
    return f"[{number(low, decimals=decimals)}, {number(high, decimals=decimals)}]"


def decimals_of(*, unit: float) -> int:
    """Digits for exact figures of a metric whose items have this range: 4 where it is 1."""
    return max(0, 4 - math.ceil(math.log10(unit) - 1e-9))


def p_value(*, value: float | None, is_screened: bool) -> str | None:
    """Write an adjusted p-value for everybody: one digit, rounded up; above .05 no digit at all."""
    # A small p beside no verdict would be a suspicion in disguise, so none is shown unadjusted.
    if value is None:
        return None
    if is_screened or value > SHOWN_P:
        return ABOVE
    if value < MIN_P:
        return BELOW
    decimals = -math.floor(math.log10(value) + 1e-12)
    digit = math.ceil(value * 10**decimals - 1e-9)
    return number(digit / 10**decimals, decimals=decimals if digit < 10 else decimals - 1)


def exact_p(value: float | None, *, is_screened: bool = False) -> str:
    """Write a team's p-value for researchers, and after a full publication: two digits, none above .05."""
    # Where a screen stopped there are none, and all such read alike.
    if value is not None and (is_screened or value > SHOWN_P):
        return ABOVE
    return two_digits(value)


def two_digits(value: float | None) -> str:
    """Write a p-value that nothing screens, such as the gate's."""
    if value is None or value >= MIN_P:
        places = 2 if value is None else max(2, 1 - math.floor(math.log10(value) + 1e-12))
        return number(value, decimals=places)
    return BELOW


def p_said(value: float | None) -> str:
    """Say a p-value in a sentence: "p = .0035", or "p < .0001" of one that is smaller than anybody needs."""
    written = two_digits(value)
    return f"p {written}" if written == BELOW else f"p = {written}"


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _scores(facts: Facts) -> str:
    none = "" if facts.has_final else NO_FINAL
    if facts.query is None:
        return none
    lower = f" ({facts.lower})" if facts.lower else ""
    if facts.fresh is None:
        return _joined(none, f"{_before(facts)}{lower}; no figure on new labels: {facts.reason}.")
    fresh = facts.number(facts.fresh)
    return _joined(none, f"{_before(facts)}, on new labels {fresh}{lower}.")


def _before(facts: Facts) -> str:
    """Say the query score: the board may have shown less than the exact one, or nothing of it."""
    exact = facts.number(facts.query)
    if facts.released is None:
        start = "The best-scored file: on" if facts.names_best_scored else "On"
        return f"{start} the query labels {exact}"
    released = facts.number(facts.released)
    return f"On the board {released}" + ("" if released == exact else f" (exactly {exact})")


def _missing(facts: Facts) -> str:
    """Say how much is missing; a lead is spoken of where there is one."""
    if facts.overstatement is None:
        return ""
    shown, size = facts.number(facts.overstatement), facts.number(abs(facts.overstatement))
    over, covered = facts.over, facts.covered
    is_negative = shown.startswith("-")
    if facts.is_ahead and is_negative:
        return f"Its lead over {over} is {size} larger there (overstatement {shown} {covered})."
    if facts.is_ahead:
        return f"Of its lead over {over} {shown} {covered} is missing there (overstatement)."
    looks, told = f"{shown} {covered} better", ""
    if is_negative:
        looks, told = f"{size} worse", f" {shown} {covered}"
    return f"Beside {over} it looks {looks} on the query labels than on new ones (overstatement{told})."


def _compared(facts: Facts) -> str:
    """Name the files, and the excess that is taken from the file's own: the overstatement is the rest."""
    if not facts.compared_with or facts.overstatement is None or facts.reference_excess is None:
        return ""
    excess = facts.number(facts.reference_excess)
    size = facts.number(abs(facts.reference_excess))
    return (
        f"It was compared with {facts.compared_with}, which looks {size} "
        f"{'worse' if excess.startswith('-') else 'better'} on the query labels than on new ones (reference "
        f"excess {excess})."
    )


def _files(k: int | None) -> str:
    return "as many files" if k is None else f"{k:,} file{'s'[: k != 1]}"


def _against_luck(facts: Facts) -> str:
    """Compare with luck; an overstatement beyond it is not called chance: 1 of 20 honest teams has one."""
    if facts.luck is None:
        return ""
    luck = f"An honest team with {_files(facts.k)} misses up to {facts.number(facts.luck)} in 19 of 20 draws"
    if facts.overstatement is None:
        return f"{luck}; there is {NO_FINDING}"
    if facts.overstatement > facts.luck:
        return f"{luck}; this is more, and {NO_FINDING}"
    if facts.verdict == Verdict.NO_EVIDENCE:
        return f"{luck}, so the score on new labels is no lower than chance allows."
    return f"{luck}, so this is within chance."


def _shifted(facts: Facts) -> str:
    difference = "differently"
    if facts.shift is not None:
        # An overstatement-like figure: positive where the query labels were easier.
        size = facts.number(abs(facts.shift))
        difference = f"{size} {'worse' if facts.shift > 0 else 'better'}"
    return (
        f"References and files from before the first answer also score {difference} there: either the two "
        "sets differ, or those files were fitted to the query labels, so nothing is said of this team."
    )


def _confirmed(facts: Facts) -> str:
    file = "the best-scored file" if facts.names_best_scored else "the final"
    whose = "" if facts.is_ranked_file else ", which is not ranked"
    found = f"The score of {facts.team}{_inflated(facts)} is inflated"
    if facts.fresh is not None:
        shown = facts.number(facts.fresh)
        found += f": on {facts.n_fresh:,} new labels the same file scores {shown}"
    if facts.overstatement is not None:
        size = f"{facts.number(facts.overstatement)} {facts.covered}"
        found += (
            f", and {size} of its lead over {facts.over} is missing there (its overstatement)"
            if facts.is_ahead
            else f", and beside {facts.over} it looks {size} better on the query labels than there "
            "(its overstatement)"
        )
    rate = "at most 1 % of rounds accuse anybody wrongly."
    honest = rate.capitalize()
    if facts.luck is not None:
        files = _files(facts.k).replace("file", "honest file")
        luck = facts.number(facts.luck)
        honest = f"A team with {files} misses up to {luck} by chance in 19 of 20 draws; {rate}"
    return _joined(
        f"CONFIRMED: {file}{whose}.",
        "" if facts.has_final else NO_FINAL,
        f"{found}.",
        _compared(facts),
        honest,
        "This says what happened to a number, not why.",
    )


def _inflated(facts: Facts) -> str:
    """Say which score, and where it stood: the board is named only with what it showed."""
    lower = f", {facts.lower}" if facts.lower else ""
    exact = facts.number(facts.query)
    if facts.released is None or not facts.is_ranked_file:
        return f" on the labels that answered queries ({exact}{lower})"
    released = facts.number(facts.released)
    if released == exact:
        return f" on the board ({exact}{lower})"
    return f", on the board {released} (exactly {exact}{lower}),"
