"""The round's board in the admin: it fits a screen, and its digits are those that the grid decides."""

from typing import Any

from django.utils.html import format_html

from stats.team_tests import BEST_SCORED
from vault import board_links, leaderboard, sentences
from vault.admin.pages import NOTHING, Table, figure, interval, rounded, score, stacked
from vault.models import Round
from vault.statuses import NEVER_OPENED, RoundStatus

UNAUDITED = "The round is unaudited: without a fresh holdout nobody is tested."


def board(round: Round) -> Table:
    rows = leaderboard.board(round=round)
    is_published = round.status == RoundStatus.PUBLISHED
    # References of a round that has not opened are rounded already, and it has no other rows.
    has_grid = round.status not in NEVER_OPENED
    step = (leaderboard.resolution(round=round) or None) if has_grid else None
    fine = next((row.fresh_resolution for row in rows if row.fresh_resolution), None)
    published = ("Fresh", "Overstatement", "Luck", "Verdict", "Tier", "Rank before")
    note = ""
    if fine:
        # What was rounded: an overstatement is no difference of two columns of the board.
        note = (
            f"Fresh figures are given to the nearest {figure(fine, digits=4)}. An overstatement is not "
            "Released less Fresh; it is given to within such a step and two units of its last digit."
        )
    if round.unaudited:
        note = f"{UNAUDITED} {note}".strip()
    return Table(
        heading="Board",
        note=note,
        header=("Rank", "Team", "Released", *(published if is_published else ()), "Attempts"),
        rows=[
            (
                *_standing(row, step=step),
                *(_published(row, step=fine) if is_published else ()),
                f"{row.attempts:,}",
            )
            for row in rows
        ],
        empty="Nothing was scored yet.",
    )


def link(round: Round) -> list[Table]:
    """Set the references' scores beside those on the board before, where that is of another draw."""
    found = board_links.link(round=round)
    if found is None:
        return []
    error = "nothing bounds its error, as the metric is no mean over items"
    if found.standard_error is not None:
        error = f"with a standard error of at most {figure(found.standard_error, digits=2)}"
    if found.distortion:
        error += f", and off by up to {figure(found.distortion, digits=2)} more as boards round or add noise"
    n = sentences.counted(n=found.n_references, noun="reference")
    note = (
        f"The query holdouts of the rounds {found.round} and {round.number} are of two draws, so a score on "
        f"one board is not worth the same on the other. By {n} the same file scores "
        f"{found.difference:+.4g} here, {error}."
    )
    rows = [
        (each.team, figure(each.earlier), figure(each.later), f"{each.later - each.earlier:+.4g}")
        for each in found.references
    ]
    header = ("Reference", f"Round {found.round}", f"Round {round.number}", "Difference")
    return [Table(heading=f"Link to round {found.round}", note=note, header=header, rows=rows)]


def _standing(row: leaderboard.Row, *, step: float | None) -> tuple[Any, ...]:
    place = row.rank or ("reference" if row.is_reference else NOTHING)
    if row.is_unranked:
        place = "unranked"  # for what, the table below says
    title = f"{row.title} (late)".strip() if row.is_late else row.title
    if row.absorbed:
        merged = f"{', '.join(row.absorbed)} merged into it"
        title = stacked(title, merged) if title else merged
    team = format_html('<div class="vault-name">{}</div>', stacked(row.team, title))
    return (place, team, score(row.released, step=step))


def _published(row: leaderboard.Row, *, step: float | None) -> tuple[Any, ...]:
    """Put intervals below their figures, and below a verdict which file it is of."""
    change = f" ({row.rank_change:+d})" if row.rank_change else ""
    is_other = row.file_named == BEST_SCORED
    return (
        stacked(rounded(row.fresh, step=step), interval(row.fresh_low, row.fresh_high, step=step)),
        stacked(
            rounded(row.overstatement, step=step),
            interval(row.overstatement_low, row.overstatement_high, step=step),
        ),
        rounded(row.luck, step=step),
        stacked(row.verdict or NOTHING, "best-scored file" if is_other else ""),
        row.tier or NOTHING,
        f"{row.rank_before}{change}" if row.rank_before else NOTHING,
    )
