"""What a plan's examples cannot gain: said where a round's page says what the round cannot find.

The figure of the smallest overstatement rests on the same examples, so that the two agree.
"""

from collections.abc import Iterable

from vault.models import Holdout, Round
from vault.planning import preview as round_preview
from vault.planning.preview import Detectable


def said(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Name the examples of files that cannot gain what would be found; empty if all can, or nobody knows."""
    holdouts = list(fresh_holdouts)
    if round_preview.undetectable(round=round, fresh_holdouts=holdouts):
        return ""
    found = round_preview.detectable(round=round, fresh_holdouts=holdouts)
    lost = [each for each in found if not each.is_reachable]
    if len(lost) == len(found):
        return (
            "The holdouts are too small: no overstatement can be found in a round of so many teams."
        )
    in_groups = [each for each in found if each.is_reachable and not each.is_reachable_in_groups]
    sentences = []
    if lost:
        sentences.append(f"Files that differ by {_shares(lost)} cannot gain enough to be found.")
    if in_groups and round.query_holdout.draws_groups:
        sentences.append(
            f"Where groups err as one, files that differ by {_shares(in_groups)} cannot gain enough."
        )
    return " ".join(sentences)


def _shares(found: list[Detectable]) -> str:
    *others, last = [f"{100 * each.share:.0f} %" for each in found]
    return f"{', '.join(others)} or {last}" if others else last
