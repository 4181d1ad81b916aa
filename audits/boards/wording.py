"""An audit of a board in sentences: the same for the terminal and for the page.

A sentence is of the board, never of what a team did. Correlations and gaps come with their direction, and a p
with its level.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from audits.boards import measured
from audits.boards.examined import Audit
from audits.boards.findings import Impossible, Unfounded
from audits.sentences import number, p_said
from stats.dose_response import LEVEL, MIN_CORRELATION, MIN_TEAMS, DoseResponse, detectable

MAX_LISTED = 20
WIDTH = 100
NOT_PERSONAL = (
    "This is a verdict on the board as a whole. It says nothing of any single team, and nothing of why: who "
    "picks the best of many honest files by the public score has a larger gap, too."
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, its sentences, and rows of a table whose first one is the header."""

    heading: str
    sentences: tuple[str, ...]
    table: tuple[tuple[str, ...], ...] = ()


def headline(audit: Audit) -> str:
    """Say the verdict in one sentence."""
    n = audit.n_teams
    said = {
        "INFLATED": f"On this board of {n} teams, those who entered more often lose more of their public "
        "score on the private half than chance explains: its public scores are inflated.",
        "NO_EVIDENCE": f"On this board of {n} teams it was not found that those who entered more often lose "
        "more of their public score on the private half.",
        "TOO_SMALL": f"{n} teams are too few for a verdict: {MIN_TEAMS} are needed.",
        "NOT_TESTED": f"This board of {n} teams could not be tested.",
    }
    return f"{audit.verdict}. {said[audit.verdict]}"


def sections(audit: Audit) -> list[Section]:
    """Return what is said, the most important first; what found nothing says so in one line or not at all."""
    return [
        Section(heading="Entries and gap", sentences=tuple(_dose(audit)), table=_quartiles(audit)),
        Section(heading="Ranks, public and private", sentences=tuple(_ranks(audit))),
        *_findings(audit),
        Section(
            heading="How far to trust this verdict",
            sentences=tuple(_trust()),
            table=tuple(_simulated()),
        ),
        Section(heading="What was read", sentences=tuple(_read(audit))),
    ]


def as_text(audit: Audit) -> str:
    """Write the audit for a terminal."""
    lines = [*textwrap.wrap(headline(audit), WIDTH), *textwrap.wrap(NOT_PERSONAL, WIDTH)]
    for section in sections(audit):
        lines += ["", section.heading]
        for sentence in section.sentences:
            lines += textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")
        lines += [f"    {each}" for each in _aligned(section.table)]
    return "\n".join(lines)


def decimals(audit: Audit) -> int:
    """Return the digits of a score that are worth printing: at most six, and as the board has them."""
    step = min(row.public_step for row in audit.board.rows)
    return next((places for places in range(6) if 10.0**-places <= step * 1.5), 6)


def _dose(audit: Audit) -> Iterator[str]:
    dose = audit.dose
    if dose is None:
        yield (
            "Not every team's number of entries is in the file, so whether the gap grows with it was not "
            "tested: name the column by --entries, or give a file of entries by --entries-file."
        )
        return
    yield (
        "A team's gap is how much better it looks on the public half than on the private one, in units of "
        "the score; correlations of ranks lie between -1 and 1, and above 0 means: the more entries, the "
        "larger the gap."
    )
    same = (
        "at equal scores on all items together"
        if audit.has_sizes
        else "at equal ranks on both halves together"
    )
    yield f"Entries against gap: {_correlation(dose.spearman, dose.p_value)}."
    yield f"The same {same}: {_correlation(dose.partial, dose.partial_p)}."
    yield (
        f"INFLATED needs both to be at least {number(MIN_CORRELATION, decimals=2)} with a one-sided p of at "
        f"most {number(LEVEL, decimals=2)}{_found_with(audit.n_teams)}"
    )
    if dose.verdict == "NOT_TESTED":
        yield "Where all teams have as many entries, or the same gap, there is nothing to compare."
    if audit.dose_once is not None:
        yield from _once(dose, audit.dose_once)


def _found_with(n_teams: int) -> str:
    mde = detectable(n_teams=n_teams)
    if mde is None:
        return "."
    return (
        f". With {n_teams} teams a true correlation of {number(mde, decimals=2)} would be found with a "
        "probability of 80 %, smaller ones less often."
    )


def _once(dose: DoseResponse, once: DoseResponse) -> Iterator[str]:
    yield (
        f"With each group of copies counted once ({once.n_teams} teams): "
        f"{_correlation(once.spearman, once.p_value)}; given how good the teams are "
        f"{_correlation(once.partial, once.partial_p)}: {once.verdict}."
    )
    if dose.verdict == "INFLATED" and once.verdict != "INFLATED":
        yield (
            "WARNING: the verdict rests on the copies. One file that many teams hand in counts many times, "
            "and its luck is that of one file: do not rely on INFLATED here."
        )


def _correlation(value: float | None, p_value: float | None) -> str:
    if value is None:
        return "not defined"
    if p_value is None:
        return f"{number(value, decimals=3)}, no p of so few teams"
    return f"{number(value, decimals=3)}, one-sided {p_said(p_value)}"


def _quartiles(audit: Audit) -> tuple[tuple[str, ...], ...]:
    found = audit.quartiles
    if found is None:
        return ()
    digits = decimals(audit)
    rows = [("quarter of the teams, fewest entries first", "teams", "entries", "median gap")]
    for place, median in enumerate(found.medians):
        if median is not None:
            low, high = found.min_entries[place], found.max_entries[place]
            entries = str(low) if low == high else f"{low} to {high}"
            rows.append(
                (
                    str(place + 1),
                    str(found.n_teams[place]),
                    entries,
                    number(median, decimals=digits),
                )
            )
    return tuple(rows)


def _ranks(audit: Audit) -> Iterator[str]:
    yield (
        f"Kendall's tau of both rankings: {number(audit.kendall_tau, decimals=3)} (1: the same order, 0: "
        "no connection)."
    )
    share = number(100 * audit.shake_up, decimals=1)
    yield (
        f"Shake-up: teams move by {share} % of the board's length on average (two orders that have nothing "
        "in common: 33 %)."
    )
    both = round(audit.top_overlap * audit.top)
    top = audit.top
    yield f"Of the best {top} on the public half, {both} are among the best {top} on the private one."


def _findings(audit: Audit) -> Iterator[Section]:
    if audit.copies:
        n = sum(map(len, audit.copies))
        yield Section(
            heading="Copies",
            sentences=(
                f"{n} teams in {_groups(len(audit.copies))} have the same public and private score as "
                "another team. That is one file handed in by several, a file that is public, or chance "
                "where scores have few digits.",
                *_cut([", ".join(_cut(group)) for group in audit.copies]),
            ),
        )
    said = [*map(_impossible, audit.impossible)]
    blind = [
        f"Scores on the {half} half have too few digits to tell whether a number of items gives them."
        for half in audit.blind_halves
    ]
    if said or blind:
        heading = "Scores that the metric cannot have" if said else "Digits of the scores"
        yield Section(heading=heading, sentences=(*_cut(said), *blind))
    if audit.with_items:
        yield Section(heading="Scores and published items", sentences=tuple(_items(audit)))


def _groups(n: int) -> str:
    return "one group" if n == 1 else f"{n} groups"


def _impossible(found: Impossible) -> str:
    return f"{found.team}: {found.score:g} on the {found.half} half: {found.why}."


def _items(audit: Audit) -> Iterator[str]:
    for half, n in audit.with_items.items():
        wrong = [each for each in audit.unfounded if each.half == half]
        yield (
            f"{half.capitalize()} half: {n} of {audit.n_teams} teams have published items; the scores of "
            f"{len(wrong)} do not follow from them."
        )
        yield from _cut([_unfounded(each, decimals(audit)) for each in wrong])


def _unfounded(found: Unfounded, digits: int) -> str:
    return (
        f"{found.team}: published {number(found.score, decimals=digits)}, its {found.n_items} items give "
        f"{number(found.from_items, decimals=digits)}."
    )


def _trust() -> Iterator[str]:
    holds, fails = measured.worst(kind="holds"), measured.worst(kind="fails")
    yield (
        f"On simulated boards on which nobody adapted, INFLATED was said of at most {_percent(holds)} where "
        f"both halves score on one scale and teams hand in files of their own. It fails elsewhere: of up to "
        f"{_percent(fails)} of the boards that are marked so below."
    )
    yield (
        f"Share of {measured.N_BOARDS} boards each called INFLATED, with {measured.SIZES[0]} and with "
        f"{measured.SIZES[1]} teams; 1,000 public and 2,000 private items, accuracies around .75, seed "
        f"{measured.SEED}:"
    )


def _simulated() -> Iterator[tuple[str, ...]]:
    yield ("simulated boards", *(f"{n} teams" for n in measured.SIZES), "")
    said = {
        "holds": "nobody adapted",
        "fails": "nobody adapted: FAILS HERE",
        "finds": "inflated: found",
    }
    for each in measured.SETTINGS:
        yield (each.text, *map(_percent, each.shares), said[each.kind])


def _read(audit: Audit) -> Iterator[str]:
    columns = ", ".join(
        f"{option} = {column}" for option, column in audit.board.mapping.items() if column
    )
    direction = "higher" if audit.metric.greater_is_better else "lower"
    yield f"{audit.title}: {audit.n_teams} teams; {columns}; {direction} is better."
    for why, n in audit.board.left_out.items():
        yield f"Left out {why}: {n} {'team' if n == 1 else 'teams'}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _cut(said: list[str]) -> list[str]:
    rest = len(said) - MAX_LISTED
    return said if rest <= 0 else [*said[:MAX_LISTED], f"and {rest} more"]


def _aligned(table: tuple[tuple[str, ...], ...]) -> list[str]:
    if not table:
        return []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
