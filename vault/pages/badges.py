"""A status badge: the verdict or `provisional`, the score on new labels, attempts. Never a rank.

A rank alone would say most where it means least: before the audit.
"""

from typing import Any

from django.http import Http404, HttpResponseBase
from rest_framework.request import Request

from stats.verdict import Verdict
from vault import leaderboard, sentences
from vault.api import representations, selectors
from vault.pages import boards, verdicts
from vault.pages.answers import SVG, Page, answer, printable

PROVISIONAL = "provisional"
BEST_SCORED = "best_scored"
# Behind white letters; the word says the same.
QUIET, BLUE, VERMILLION = "#57606a", "#0072b2", "#b84a00"
COLOURS = {Verdict.CONFIRMED: VERMILLION, Verdict.INVALID: VERMILLION}
# Of a letter and of what is around a text, in pixels; the text is fitted into it.
LETTER, AROUND = 6.6, 12


class Badge(Page):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        round = selectors.asked_round(request, selectors.visible_benchmark(request, slug))
        board = representations.board(round, leaderboard.board(round=round))
        rows = boards.rows(round, board)
        name = request.query_params.get("team")
        if name is None:
            told, colour = _of_round(rows, is_published=board["is_published"])
        else:
            row = next((each for each in rows if each["team"] == name), None)
            if row is None:
                raise Http404
            told, colour = _of_team(row, is_published=board["is_published"])
        context = _drawn(f"{slug} round {round.number}", told, of=name or str(round))
        return answer(
            request,
            template="vault/pages/badge.svg",
            context={**context, "colour": colour},
            media_type=SVG,
        )


def _of_team(row: dict[str, Any], *, is_published: bool) -> tuple[str, str]:
    attempts = sentences.counted(n=row["attempts"], noun="attempt")
    colour = COLOURS.get(row["verdict"], BLUE) if is_published else QUIET
    status = (row["verdict"] or "no verdict") if is_published else PROVISIONAL
    if is_published and row["file_named"] == BEST_SCORED:
        # The score is the final's, which is another file.
        status += " (best-scored file)"
    said = [
        "reference" if row["is_reference"] else status,
        "unranked" if row["is_unranked"] else "",
        "handed in late" if row["is_late"] else "",
        f"{row['fresh']} on new labels" if row["has_fresh"] else "",
        attempts,
    ]
    return " · ".join(filter(None, said)), colour


def _of_round(rows: list[dict[str, Any]], *, is_published: bool) -> tuple[str, str]:
    teams = [row for row in rows if not row["is_reference"]]
    attempts = sentences.counted(n=sum(row["attempts"] for row in teams), noun="attempt")
    n_teams = sentences.counted(n=len(teams), noun="team")
    if not is_published:
        return f"{PROVISIONAL} · {n_teams} · {attempts}", QUIET
    every = [row["verdict"] for row in teams]
    tested = verdicts.judged(every)
    if not tested:
        why = "the gate fired" if Verdict.SHIFT in every else "nobody tested"
        return f"{why} · {n_teams} · {attempts}", QUIET
    n_tested = sentences.counted(n=len(tested), noun="tested team")
    confirmed = tested.count(Verdict.CONFIRMED)
    return f"audited · {confirmed} of {n_tested} CONFIRMED · {attempts}", BLUE


def _drawn(label: str, told: str, *, of: str) -> dict[str, Any]:
    """Lay the two halves out."""
    widths = [round(LETTER * len(text)) + AROUND for text in (label, told)]
    return {
        "label": label,
        "told": told,
        "of": printable(of),
        "label_width": widths[0],
        "told_width": widths[1],
        "width": sum(widths),
        "label_text": widths[0] - AROUND,
        "told_text": widths[1] - AROUND,
        "label_at": widths[0] / 2,
        "told_at": widths[0] + widths[1] / 2,
    }
