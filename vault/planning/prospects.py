"""What a round will not be able to find, said while it can still be planned otherwise.

Only what is known without opening a label: which holdouts and references there are, how many groups were
drawn, and what the board shows of references.
"""

import math
from collections.abc import Iterable

from stats.accusation import ALPHA
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import holdout_ledger, sentences
from vault.detectable import FOUND_AT, are_enough_draws
from vault.models import Benchmark, Holdout, PublishedResult, Release, Round, Submission
from vault.references import files as reference_files
from vault.references import order as reference_order
from vault.references import scores as reference_scores
from vault.statuses import RoundStatus


def warnings(*, round: Round) -> list[str]:
    """Say all of them in sentences for organizers; none while there is nothing to warn of."""
    of_holdouts = of_draw(round=round, fresh_holdouts=round.fresh_holdouts.all())
    return of_holdouts + of_references(round=round)


def of_plan(*, round: Round, fresh_holdouts: Iterable[Holdout], n_references: int) -> list[str]:
    """Warn of a round that is not planned yet: of its draw, and of the references that it names."""
    found = of_draw(round=round, fresh_holdouts=fresh_holdouts)
    found += of_room(round=round, n_references=n_references)
    if n_references:
        return found
    said = "No reference is named: the round does not open by itself"
    if MECHANISMS[round.mechanism].needs_baseline:
        said += f", and {round.mechanism} cannot open before a reference is scored"
    if not _has_published_finals(round):
        said += ". Without one, a team can only be compared with its own first files"
    return [*found, f"{said}."]


def of_room(*, round: Round, n_references: int) -> list[str]:
    """Tell whether the query holdout takes a file of each reference that is named, and of one at least."""
    left = reference_files.n_left(holdout_id=round.query_holdout_id)
    if left >= max(1, n_references):
        return []
    n_files = reference_files.of_holdout(holdout_id=round.query_holdout_id).count()
    said = (
        f"References have handed in {sentences.counted(n=n_files, noun='file')} about this query holdout, "
        f"and {reference_files.MAX_OF_HOLDOUT} are taken"
    )
    if left:
        named = sentences.counted(n=n_references, noun="reference")
        return [f"{said}: {left:,} more can come, and {named} are named. Name fewer of them."]
    said += ": none can be handed in to this round"
    if n_references:
        said += ", so it does not open by itself"
    if MECHANISMS[round.mechanism].needs_baseline:
        said += f", and {round.mechanism} does not open without a baseline"
    return [f"{said}. Plan it on another query holdout."]


def deciding(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> list[Holdout]:
    """List the fresh holdouts that decide a verdict: iid shards of the query holdout's draw."""
    return [each for each in fresh_holdouts if each.decides_beside(round.query_holdout)]


def of_draw(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> list[str]:
    """Say what the holdouts do not allow, whatever is handed in; the round need not be saved."""
    judges = deciding(round=round, fresh_holdouts=fresh_holdouts)
    found = []
    if round.query_holdout.draws_groups and round.query_holdout.n_effective is None:
        found.append(
            "The groups of the query holdout were sealed before their sizes were kept: no error of its "
            "scores is proven."
        )
    if not judges:
        return [
            *found,
            "No fresh iid holdout is of the same draw as the query holdout: no team is tested, and nobody "
            "can be CONFIRMED.",
        ]
    return found + too_few_ways(round=round, judges=judges)


def too_few_ways(*, round: Round, judges: list[Holdout]) -> list[str]:
    """Warn of too few draws: of w no p-value is below 1/w, and Holm's first level is ALPHA / (2 teams)."""
    holdouts = (round.query_holdout, *judges)
    counts = [each.n_units if each.draws_groups else each.n_items for each in holdouts]
    known = [each for each in counts if each is not None]
    if len(known) < len(counts):
        return []
    n_query, n_fresh = known[0], sum(known[1:])
    if are_enough_draws(n_query=n_query, n_fresh=n_fresh, n_teams=round.max_teams):
        return []
    ways = math.comb(n_query + n_fresh, n_query)
    what = "groups" if round.query_holdout.draws_groups else "items"
    return [
        f"The query and fresh holdouts have so few {what} ({n_query:,} and {n_fresh:,}) that they could "
        f"be drawn in only {ways:,} ways, and no p-value is below one in {ways:,}: "
        f"{_confirmed(ways=ways)}; {round.max_teams:,} are planned for."
    ]


def _confirmed(*, ways: int) -> str:
    possible, found = (math.floor(ways * share * ALPHA / 2 + 1e-9) for share in (1.0, FOUND_AT))
    if not possible:
        return "nobody can be CONFIRMED however few teams hand in files"
    most, few = (sentences.counted(n=n, noun="team") for n in (possible, found))
    likely = f"if files come from more than {few}" if found else "in any case"
    return (
        f"not even a file that is right about every query label is CONFIRMED with 80 % {likely}, and nobody "
        f"can be if they come from more than {most}"
    )


def of_references(*, round: Round) -> list[str]:
    """Say what the references do not allow: the frozen ones, before that those that are scored."""
    is_planned = round.status == RoundStatus.PLANNED
    if is_planned:
        references = list(reference_order.scored(round=round))
    else:
        references = [each.submission for each in round.references.select_related("submission")]
    if references:
        return _tolerates_all(round, references)
    if _has_published_finals(round):
        return []
    return [
        f"No reference is {'scored yet' if is_planned else 'frozen'}: a team can only be compared with "
        "its own first files, and a team whose first file was tuned already is not found."
    ]


def tolerance(*, benchmark: Benchmark) -> str:
    """Tell of a regression the overstatement that is never accused, in its unit; of others nothing."""
    if benchmark.task != Benchmark.Task.REGRESSION:
        return ""
    return (
        f"Nobody is CONFIRMED for an overstatement of {_tolerated(benchmark):.6g} or less "
        f"(delta0, {benchmark.delta0:g}, of the metric's range): it should be far below the spread of the "
        "labels."
    )


def _tolerates_all(round: Round, references: list[Submission]) -> list[str]:
    """Warn of a loss: who is as good as the worst reference cannot gain more than all of its loss."""
    metric = METRICS[round.benchmark.primary_metric]
    releases = Release.objects.filter(
        submission__in=references, value__isnull=False, transcript=round.transcript
    )
    told = (
        reference_scores.told(value=each.value, round=round, team=each.submission.team)
        for each in releases.select_related("submission__team")
    )
    shown = [value for value in told if value is not None]
    tolerated = _tolerated(round.benchmark)
    if metric.greater_is_better or len(shown) < len(references) or max(shown) > tolerated:
        return []
    return [
        f"Overstatements of {tolerated:.6g} or less are not accused (delta0 of the metric's range), and no "
        f"reference's {metric.label} is shown above {max(shown):.6g}: nobody whose files are as good as the "
        "references can be CONFIRMED. A lower loss cap or delta0 would help."
    ]


def _has_published_finals(round: Round) -> bool:
    """Look for those of an earlier round, in which the holdout was fresh: they serve as references."""
    finals = PublishedResult.objects.filter(
        round__fresh_holdouts=round.query_holdout_id, fresh_value__isnull=False
    )
    return finals.exclude(round=round.pk).exists()


def _tolerated(benchmark: Benchmark) -> float:
    return benchmark.delta0 * holdout_ledger.unit_of(benchmark=benchmark)
