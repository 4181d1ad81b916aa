"""The entrance as programs read it: what the service is, which benchmarks are open, where all else is."""

from vault.api import negotiation
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape

API = "/api/v1/"
LINKS = {
    "docs": f"{API}docs/",
    "openapi": f"{API}openapi.json",
    "benchmarks": f"{API}benchmarks/",
    "tokens": f"{API}tokens/",
    "webhooks": f"{API}webhooks/",
}
TOKENS = (
    "What is public needs no token. To hand in predictions, ask the organizers of a benchmark to admit your "
    "team: they issue its token, and you send it as `Authorization: Bearer hv_...`."
)
# As programs are offered them; people get the other one first.
FORMS = {"json": negotiation.JSON, "html": negotiation.HTML}
# Of one answer, as the member's description says; the list of benchmarks has them all, in pages.
MAX_SHOWN = 50


def address(slug: str) -> str:
    return f"{LINKS['benchmarks']}{slug}/"


# Of the round that takes submissions.
OPEN_BENCHMARK = Shape(
    "OpenBenchmark",
    {
        "slug": fields.text("weather", source="benchmark.slug"),
        "title": fields.text("Will it rain?", source="benchmark.title"),
        "round": fields.count(1, "The number of the open one.", source="number"),
        "closes_at": fields.time("2026-06-01T12:00:00Z"),
        "benchmark": fields.text(
            address("weather"),
            "Its address.",
            source=lambda round: address(round.benchmark.slug),
        ),
        "leaderboard": fields.text(
            f"{address('weather')}leaderboard/",
            "The address of its board.",
            source=lambda round: f"{address(round.benchmark.slug)}leaderboard/",
        ),
    },
)
# Of the service itself, which is the same for everybody but for its benchmarks.
ENTRANCE = Shape(
    "Entrance",
    {
        "service": fields.text("Holdout Vault", source=lambda service: "Holdout Vault"),
        "version": fields.text("1", "Of the API.", source=lambda service: "1"),
        "links": Field(
            {
                "type": "object",
                "description": "Where things stand, by name.",
                "additionalProperties": {"type": "string"},
            },
            {name: LINKS[name] for name in ("docs", "benchmarks")},
            lambda service: LINKS,
        ),
        "tokens": fields.text(
            f"{TOKENS.partition('. ')[0]}. ...",
            "How a team gets one.",
            source=lambda service: TOKENS,
        ),
        "open_benchmarks": fields.list_of(
            [OPEN_BENCHMARK.example],
            OPEN_BENCHMARK.schema,
            "Those whose round takes submissions, fifty at most; `links.benchmarks` lists all.",
            source=By.CALLER,
        ),
    },
)
