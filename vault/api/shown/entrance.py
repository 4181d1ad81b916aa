"""The entrance as programs read it: what the service is, which benchmarks are open, where all else is."""

from typing import Any

from vault.api import forms
from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape

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
FORMS = {"json": forms.JSON, "html": forms.HTML}
# Of one answer, as the member's description says; the list of benchmarks has them all, in pages.
MAX_SHOWN = 50


def address(slug: str) -> str:
    return f"{LINKS['benchmarks']}{slug}/"


def board_address(slug: str) -> str:
    return f"{address(slug)}leaderboard/"


def _board(given: Any) -> str:
    return board_address(given.benchmark.slug)


# Of a benchmark beside the round that tells most of it.
OPEN_BENCHMARK = Shape(
    "OpenBenchmark",
    {
        "slug": Field(schemas.text(), "weather", "benchmark.slug"),
        "title": Field(schemas.text(), "Will it rain?", "benchmark.title"),
        "round": Field(schemas.count("The number of the open one."), 1, "telling.number"),
        "closes_at": Field(schemas.time(), "2026-06-01T12:00:00Z", "telling.closes_at"),
        "benchmark": Field(schemas.text("Its address."), address("weather"), "address"),
        "leaderboard": Field(
            schemas.text("The address of its board."), board_address("weather"), _board
        ),
    },
)
# Of the service itself, which is the same for everybody but for its benchmarks.
ENTRANCE = Shape(
    "Entrance",
    {
        "service": Field(schemas.text(), "Holdout Vault", lambda given: "Holdout Vault"),
        "version": Field(schemas.text("Of the API."), "1", lambda given: "1"),
        "links": Field(
            {
                "type": "object",
                "description": "Where things stand, by name.",
                "additionalProperties": {"type": "string"},
            },
            {name: LINKS[name] for name in ("docs", "benchmarks")},
            lambda given: LINKS,
        ),
        "tokens": Field(
            schemas.text("How a team gets one."),
            f"{TOKENS.partition('. ')[0]}. ...",
            lambda given: TOKENS,
        ),
        "open_benchmarks": Field(
            schemas.list_of(
                OPEN_BENCHMARK.schema,
                "Those whose round takes submissions, fifty at most; `links.benchmarks` lists all.",
            ),
            [OPEN_BENCHMARK.example],
            By.CALLER,
        ),
    },
)
