"""What an audit says in words: a headline for a round and one sentence for each team.

A sentence never claims a cause, never says that there is no inflation, and gives no interval without luck
beside it. Numbers are in the metric's own units; of the overstatement positive always means that the file
looks better on the board than on new labels.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from stats.verdict import Verdict

HOW_TO_READ = (
    "An overstatement is the part of a file's lead that is missing on new labels; positive means that it "
    "looks better on the board. The lead is over the references, or over the team's own first files where a "
    "sentence says so. The interval in brackets covers the overstatement of this file on labels like these, "
    "so it holds the sampling of the new labels and nothing else: what the choice among many files does by "
    "chance stands beside it as luck."
)
COARSE = (
    " Scores on new labels are rounded to the nearest step of the grid beside them; intervals, luck and "
    "least effects are rounded up: none is narrower or smaller than it is."
)
BELOW_BASELINE = "its release did not beat the baseline"
NOT_ON_FRESH = "no fresh holdout of the same draw was opened"
INVALID = (
    "INVALID: a stored file of this team is not what was received (the integrity check compares hashes), so "
    "nothing is said of its scores."
)
NOT_TESTED = (
    "Not tested: that needs a fresh holdout of the query holdout's draw, and a reference or an earlier file "
    "of the team's own to compare with."
)
SHOWN_P = 0.05


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one sentence is made of; None stands for what is not told."""

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
    # How much better untuned models score on query than on fresh labels.
    shift: float | None = None


def headline(*, verdicts: Iterable[str]) -> str:
    """A round in one line; references have no verdict and are not counted."""
    given = [each for each in verdicts if each]
    confirmed, invalid = (given.count(each) for each in (Verdict.CONFIRMED, Verdict.INVALID))
    untested = given.count(Verdict.NOT_TESTED)
    rest = len(given) - confirmed - invalid - untested
    not_tested = f", {untested} not tested" if untested else ""
    return f"{confirmed} CONFIRMED, {invalid} INVALID, {rest} without evidence{not_tested} of {len(given)}"


def sentence(*, facts: Facts) -> str:
    """What is said of one team; nothing of a reference, which nobody judged."""
    if not facts.verdict:
        return ""
    if facts.verdict == Verdict.INVALID:
        return INVALID
    if facts.verdict == Verdict.CONFIRMED:
        return _confirmed(facts)
    if facts.verdict == Verdict.NOT_TESTED:
        return _joined(_scores(facts), NOT_TESTED)
    if facts.verdict == Verdict.SHIFT:
        return _joined(_scores(facts), _shifted(facts), _detectable(facts))
    suspicion = ""
    if facts.verdict == Verdict.SUSPECTED:
        suspicion = "For researchers only: worth a look, and no finding."
    return _joined(
        _scores(facts), _missing(facts), _against_luck(facts), _detectable(facts), suspicion
    )


def number(value: float | None, *, decimals: int) -> str:
    """A figure without the zero before its point: .767, -.012, 41.4."""
    if value is None:
        return "–"
    # Rounding first and adding zero keeps a minus away from nothing.
    text = f"{round(value, decimals) + 0.0:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def interval(low: float | None, high: float | None, *, decimals: int) -> str:
    """Both ends in brackets."""
    if low is None or high is None:
        return "–"
    return f"[{number(low, decimals=decimals)}, {number(high, decimals=decimals)}]"


def decimals_of(*, unit: float) -> int:
    """Digits for exact figures of a metric whose items have this range: 4 where it is 1."""
    return max(0, 4 - math.ceil(math.log10(unit) - 1e-9))


def p_value(*, value: float | None, is_screened: bool) -> str | None:
    """An adjusted p-value for everybody: one digit, rounded up; above .05 no digit at all.

    A small p beside no verdict would be a suspicion in disguise, so a p-value is never shown unadjusted.
    """
    if value is None:
        return None
    if is_screened or value > SHOWN_P:
        return "> .05"
    if value < 0.0001:
        return "< .0001"
    decimals = -math.floor(math.log10(value) + 1e-12)
    digit = math.ceil(value * 10**decimals - 1e-9)
    return number(digit / 10**decimals, decimals=decimals if digit < 10 else decimals - 1)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _shown(facts: Facts, value: float | None) -> str:
    return number(value, decimals=facts.decimals)


def _scores(facts: Facts) -> str:
    lower = "" if facts.greater_is_better else " (lower is better)"
    if facts.query is None:
        return ""
    before = _before(facts)
    if facts.fresh is None:
        return f"{before}{lower}; no figure on new labels: {facts.reason}."
    return f"{before}, on new labels {_shown(facts, facts.fresh)}{lower}."


def _before(facts: Facts) -> str:
    """The board may have shown less than the exact score, or nothing of it."""
    exact = _shown(facts, facts.query)
    if facts.released is None:
        return f"On the query labels {exact}"
    released = _shown(facts, facts.released)
    return f"On the board {released}" + ("" if released == exact else f" (exactly {exact})")


def _missing(facts: Facts) -> str:
    if facts.overstatement is None:
        return ""
    shown = _shown(facts, facts.overstatement)
    covered = interval(facts.low, facts.high, decimals=facts.decimals)
    if shown.startswith("-"):
        return f"Its lead over {_over(facts)} is {shown[1:]} larger there (overstatement {shown} {covered})."
    return f"Of its lead over {_over(facts)} {shown} {covered} is missing there (overstatement)."


def _over(facts: Facts) -> str:
    return "its own first files" if facts.is_over_own_files else "the references"


def _files(k: int | None) -> str:
    if k is None:
        return "as many files"
    return f"{k} file{'s'[: k != 1]}"


def _against_luck(facts: Facts) -> str:
    """An overstatement beyond luck is not called chance: 1 of 20 honest teams has one."""
    if facts.luck is None:
        return ""
    luck = f"An honest team with {_files(facts.k)} misses up to {_shown(facts, facts.luck)} in 19 of 20 draws"
    if facts.overstatement is None:
        return f"{luck}."
    if facts.overstatement > facts.luck:
        return f"{luck}; this is more, and no finding at the level that this audit holds."
    if facts.verdict == Verdict.NO_EVIDENCE:
        return f"{luck}, so the score on new labels is no lower than chance allows."
    return f"{luck}, so this is within chance."


def _detectable(facts: Facts) -> str:
    if facts.minimum_detectable_effect is None:
        return ""
    shown = _shown(facts, facts.minimum_detectable_effect)
    return f"An overstatement of {shown} would have been found with 80 %."


def _shifted(facts: Facts) -> str:
    difference = "differently"
    if facts.shift is not None:
        # An overstatement-like figure: positive where the board's labels were easier.
        size = _shown(facts, abs(facts.shift))
        difference = f"{size} {'worse' if facts.shift > 0 else 'better'}"
    return (
        f"Models that cannot have adapted also score {difference} there: the two sets differ, so nothing "
        "is said of this team."
    )


def _confirmed(facts: Facts) -> str:
    file = "the best-scored file" if facts.names_best_scored else "the final"
    whose = "" if facts.is_ranked_file else ", which is not ranked"
    where = "on the board" if facts.is_ranked_file else "on the labels that answered queries"
    found = f"CONFIRMED: {file}{whose}. "
    found += f"The score of {facts.team} {where} ({_shown(facts, facts.query)}) is inflated"
    if facts.fresh is not None:
        found += (
            f": on {facts.n_fresh:,} new labels the same file scores {_shown(facts, facts.fresh)}"
        )
    if facts.overstatement is not None:
        covered = interval(facts.low, facts.high, decimals=facts.decimals)
        found += (
            f", and {_shown(facts, facts.overstatement)} {covered} of its lead over {_over(facts)} is "
            "missing there (its overstatement)"
        )
    luck = ""
    if facts.luck is not None:
        luck = (
            f"A team with {_files(facts.k).replace('file', 'honest file')} misses up to "
            f"{_shown(facts, facts.luck)} by chance in 19 of 20 draws; at most 1 % of rounds accuse "
            "anybody wrongly."
        )
    else:
        luck = "At most 1 % of rounds accuse anybody wrongly."
    return _joined(f"{found}.", luck, "This says what happened to a number, not why.")
