"""Pages for people in the description: each shows what an operation for programs answers."""

from vault.api.negotiation import HTML
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import COMMON_OF_ONE_FORM, Access, Operation, answer
from vault.api.openapi.schemas import Schema

TAG = "Pages"

SHAPES: dict[str, Schema] = {}
TEXT: Schema = {"type": "string"}
TEAM = parameters.in_query("team", schemas.text(), "The team's name; without it the round's badge.")


def page(
    id: str, summary: str, description: str, *extra: dict[str, object], media_type: str = HTML
) -> Operation:
    """Describe a page of one form; what is public is shown without a token."""
    return Operation(
        id=id,
        summary=summary,
        description=description,
        access=Access.PUBLIC,
        parameters=(*extra, parameters.IF_NONE_MATCH),
        answers={
            200: answer("The page.", {media_type: {"schema": TEXT}}, headers=("ETag",)),
            304: answer("Nothing has changed.", headers=("ETag",)),
        },
        common=(*COMMON_OF_ONE_FORM, "unavailable"),
    )


OPERATIONS = {
    ("/benchmarks/{slug}/", "GET"): page(
        "get_benchmark_page",
        "A benchmark as a page",
        "Rules, data, metric, limits, rounds, stock and commitments.",
        parameters.SLUG,
    ),
    ("/benchmarks/{slug}/board/", "GET"): page(
        "get_board_page",
        "A board as a page",
        "The rows and figures of the leaderboard, rounded to the digits that decide.",
        parameters.SLUG,
        parameters.ROUND,
    ),
    ("/benchmarks/{slug}/submit/", "GET"): page(
        "get_submit_page",
        "How to hand in, as a page",
        "By curl, by the `holdout` command, and from a pipeline.",
        parameters.SLUG,
    ),
    ("/benchmarks/{slug}/badge.svg", "GET"): page(
        "get_badge",
        "A status badge",
        "For a web page or a README: the verdict or `provisional`, the score on new labels once it is "
        "published, and attempts. Never a rank.",
        parameters.SLUG,
        TEAM,
        parameters.ROUND,
        media_type="image/svg+xml",
    ),
}
