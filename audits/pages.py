"""A published audit as a page, and the feed of publications: the documents that the API shows."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from audits import standing
from audits.description import AUDIT
from audits.models import Publication
from stats.metrics import METRICS
from stats.verdict import Verdict
from vault import holdout_ledger, own_address
from vault.api import answers, selectors
from vault.api.representations.benchmarks import BENCHMARK
from vault.models import Benchmark, LabelVersion
from vault.pages import figures, verdicts
from vault.pages.answers import ATOM, Page, answer, printable

MAX_ENTRIES = 50
# Of a feed without an entry.
NEVER = "1970-01-01T00:00:00Z"
Told = dict[str, Any]


class AuditPage(Page):
    def get(self, request: Request, slug: str, round: int) -> HttpResponseBase:
        published = Publication.objects.select_related("round", "benchmark")
        found = get_object_or_404(
            published.filter(benchmark__in=selectors.visible_benchmarks(request)),
            benchmark__slug=slug,
            round__number=round,
        )
        benchmark = found.benchmark
        audit = AUDIT.show(found, document=standing.shown(publication=found))
        context = {
            "benchmark": BENCHMARK.show(benchmark),
            "metric": METRICS[benchmark.primary_metric],
            "audit": audit,
            "document": audit["document"],
            "lead": lead(audit["document"]["teams"]),
            "is_unaudited": found.round.unaudited,
            "corrections": _corrected_since(found),
            **_rows(audit["document"], benchmark=benchmark),
            "has_board": True,
            "at": "audit",
        }
        return answer(request, template="audits/page.html", context=context)


class PublicationFeed(Page):
    """The newest first; of a private benchmark for its teams alone."""

    def get(self, request: Request) -> HttpResponseBase:
        found = Publication.objects.filter(benchmark__in=selectors.visible_benchmarks(request))
        newest = found.select_related("round", "benchmark").order_by("-published_at", "-pk")
        entries = [
            {
                "slug": each.benchmark.slug,
                "title": printable(each.benchmark.title),
                "round": each.round.number,
                "published_at": answers.time(each.published_at),
                "headline": each.document.get("headline", ""),
            }
            for each in newest[:MAX_ENTRIES]
        ]
        context = {
            "entries": entries,
            "site": own_address.absolute(request=request._request, path=""),
            "updated": entries[0]["published_at"] if entries else NEVER,
        }
        return answer(
            request, template="audits/publications.atom", context=context, media_type=ATOM
        )


def lead(teams: list[Told]) -> str:
    """Say in a sentence what an audit found, of the teams of whom something could be found."""
    every = [row["verdict"] for row in teams]
    known = verdicts.judged(every)
    n = known.count(Verdict.CONFIRMED)
    if not known:
        fired = Verdict.SHIFT in every
        return "Nobody was judged: the gate fired." if fired else "No team could be tested."
    of = f"{len(known):,} tested team{'s'[: len(known) != 1]}"
    if not n:
        return f"No finding: nobody’s score, of {of}, is shown to be inflated beyond chance."
    score = "The score" if n == 1 else "The scores"
    are = "is" if n == 1 else "are"
    rate = "at most 1 % of rounds accuse anybody wrongly"
    return f"{score} of {n:,} of {of} {are} inflated beyond chance ({rate})."


def _corrected_since(publication: Publication) -> list[Told]:
    """List the corrections of the round's labels that its figures know nothing of."""
    round = publication.round
    versions = LabelVersion.objects.filter(
        Q(holdout=round.query_holdout_id) | Q(holdout__audited_rounds=round),
        number__gt=1,
        arrived_at__gt=publication.published_at,
    )
    # A batch of awaited labels has no reason; one correction gives each holdout of a draw a version.
    found = versions.exclude(reason="").order_by("-arrived_at", "pk")
    at = {each.reason: each.arrived_at for each in found}
    return [{"reason": reason, "at": answers.time(at[reason])} for reason in reversed(at)]


def _rows(document: Told, *, benchmark: Benchmark) -> Told:
    """Write the document's teams and references for people, ranked ones first, as the board does."""
    unit, step = holdout_ledger.unit_of(benchmark=benchmark), document["fresh_resolution"]
    listed = [*document["teams"], *document["references"]]

    def digits(*values: float | None) -> int:
        return figures.decimals(values, unit=unit, step=step)

    score = digits(
        *(row["fresh"] for row in listed),
        *(end for row in listed for end in row["fresh_interval"] or ()),
    )
    query = figures.decimals((row["query"] for row in listed), unit=unit)
    names = ("overstatement", "luck", "minimum_detectable_effect")
    effect = digits(
        *(row[name] for row in document["teams"] for name in names),
        *(end for row in document["teams"] for end in row["overstatement_interval"] or ()),
    )
    ranked = [row for row in document["teams"] if not row["is_unranked"]]
    released = {row["team"]: row["released"] for row in ranked}
    before = standing.ranks(values=released, benchmark=benchmark)
    moved = standing.moves(
        before=released,
        after={row["team"]: row["fresh"] for row in ranked},
        benchmark=benchmark,
    )

    def scores(row: Told) -> Told:
        return {
            **row,
            "name": row["title"] or row["team"],
            "fresh": figures.written(row["fresh"], decimals=score),
            "interval": figures.interval(*(row["fresh_interval"] or (None, None)), decimals=score),
            "query": figures.written(row["query"], decimals=query),
        }

    teams = [
        {
            **scores(row),
            **{name: figures.written(row[name], decimals=effect) for name in names},
            "covered": figures.interval(
                *(row["overstatement_interval"] or (None, None)), decimals=effect
            ),
            "rank_before": before.get(row["team"]),
            "change": figures.moved(_rise(moved.get(row["team"]))),
            "shown_verdict": verdicts.shown(row["verdict"]),
        }
        for row in sorted(document["teams"], key=_place)
    ]
    return {"teams": teams, "references": [scores(row) for row in document["references"]]}


def _place(row: Told) -> tuple[Any, ...]:
    return (row["is_unranked"], row["rank_after"] is None, row["rank_after"] or 0, row["team"])


def _rise(moved: tuple[int, int] | None) -> int | None:
    return None if moved is None else moved[0] - moved[1]
